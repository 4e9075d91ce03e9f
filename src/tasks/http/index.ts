export { TasksHttpModule } from './tasks-http.module.js';
export type { TasksHttpOptions } from './tasks-http.options.js';
export { parseApiKeys } from './api-keys.js';
export type { ApiKey } from './api-keys.js';
export type { Principal, Role } from './principal.js';
export type { SubmittedTask } from './tasks.controller.js';
export { HttpErrorFilter } from './error.filter.js';
export type { ErrorBody } from './error.filter.js';
