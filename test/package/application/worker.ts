import { runWorker } from 'celeriac/worker';
import { AppModule } from './app.module.js';

await runWorker(AppModule, { concurrency: 2 });
process.stdout.write('ready\n');
