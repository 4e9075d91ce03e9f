import { NestFactory } from '@nestjs/core';
import { AppModule } from './app.module.js';
import { banner } from './banner.js';
import { environment } from './environment.js';
import { createLogger } from './logging.js';
import { closeGracefully, stopOnSignals } from './tasks/index.js';

const app = await NestFactory.create(AppModule, { logger: createLogger(environment) });
stopOnSignals((hurry) => closeGracefully(app, { grace: environment.SHUTDOWN_GRACE, hurry }));
await app.listen(environment.PORT, environment.HOST);
process.stdout.write(`${await banner(app)}\n`);
