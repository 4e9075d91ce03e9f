import { runWorker } from 'celeriac/worker';
import { AppModule } from './app.module.js';

void runWorker(AppModule, { concurrency: 2 }).then(() => process.stdout.write('ready\n'));
