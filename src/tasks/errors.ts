export * from './errors/celeriac-error.js';
export * from './errors/input-errors.js';
export * from './errors/task-errors.js';
export * from './errors/service-errors.js';
export * from './errors/schedule-errors.js';
export * from './errors/describe.js';
export * from './errors/did-you-mean.js';
