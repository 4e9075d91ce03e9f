export { TasksMetricsModule } from './tasks-metrics.module.js';
export type { TasksMetricsOptions } from './metrics.options.js';
