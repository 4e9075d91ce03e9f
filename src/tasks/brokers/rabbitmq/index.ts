export { rabbitQueueNames } from './queue-names.js';
export type { RabbitQueueNames } from './queue-names.js';
