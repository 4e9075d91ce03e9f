export { TasksHealthIndicator } from './tasks-health.indicator.js';
export type { QueuesHealthOptions, WorkersHealthOptions } from './tasks-health.indicator.js';
