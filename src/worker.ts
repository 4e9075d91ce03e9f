import { AppModule } from './app.module.js';
import { workerOptions } from './worker-options.js';
import { runWorker } from './tasks/index.js';

await runWorker(AppModule, workerOptions(process.argv.slice(2)));
