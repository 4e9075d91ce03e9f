import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { AppModule } from './app.module.js';
import { banner } from './banner.js';
import { documentApplication } from './documentation.js';
import { assertGuarded, environment, orExit } from './environment.js';
import { createLogger } from './logging.js';
import { startOrExplain } from './startup.js';
import { closeGracefully, stopOnSignals } from './tasks/index.js';

orExit(() => assertGuarded(environment));
await startOrExplain(async () => {
  let app: NestExpressApplication | undefined;
  // from the start: as process 1 of a container a signal without a handler is ignored
  stopOnSignals(async (hurry, cold) => {
    // while it is made nothing runs that could be finished: the process ends at once
    if (app) await closeGracefully(app, { grace: environment.SHUTDOWN_GRACE, hurry, cold });
  });
  app = await NestFactory.create<NestExpressApplication>(AppModule, {
    logger: createLogger(environment),
    abortOnError: false,
  });
  app.useBodyParser('json', { limit: environment.BODY_LIMIT });
  documentApplication(app);
  try {
    await app.listen(environment.PORT, environment.HOST);
  } catch (error) {
    // the inline worker runs by now: what it has taken goes to others at once, and uncharged
    await closeGracefully(app, { grace: 0 });
    throw error;
  }
  process.stdout.write(`${await banner(app)}\n`);
});
