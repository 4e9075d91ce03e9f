import { AppModule } from './app.module.js';
import { startOrExplain } from './startup.js';
import { workerOptions } from './worker-options.js';
import { runWorker, workerFlags } from './tasks/index.js';

await startOrExplain(() => runWorker(AppModule, workerFlags(workerOptions)));
