export { TasksHttpModule } from './tasks-http.module.js';
export type { TasksHttpOptions } from './tasks-http.module.js';
export { HttpErrorFilter } from './error.filter.js';
export type { ErrorBody } from './error.filter.js';
