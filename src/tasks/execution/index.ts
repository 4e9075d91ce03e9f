export { closeGracefully, runWorker, type CloseOptions } from './run-worker.js';
export type { AutoscaleOptions, HealthOptions, RunWorkerOptions } from './run-worker.options.js';
export { workerFlags } from './worker-flags.js';
