import { NestFactory } from '@nestjs/core';
import { AppModule } from './app.module.js';
import { banner } from './banner.js';
import { environment } from './environment.js';
import { createLogger } from './logging.js';
import { startOrExplain } from './startup.js';
import { closeGracefully, stopOnSignals } from './tasks/index.js';

await startOrExplain(async () => {
  const app = await NestFactory.create(AppModule, { logger: createLogger(environment), abortOnError: false });
  stopOnSignals((hurry) => closeGracefully(app, { grace: environment.SHUTDOWN_GRACE, hurry }));
  try {
    await app.listen(environment.PORT, environment.HOST);
  } catch (error) {
    // the inline worker runs by now: what it has taken goes to others at once, and uncharged
    await closeGracefully(app, { grace: 0 });
    throw error;
  }
  process.stdout.write(`${await banner(app)}\n`);
});
