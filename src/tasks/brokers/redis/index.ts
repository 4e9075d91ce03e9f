export { TasksBullModule } from './tasks-bull.module.js';
export type { TasksBullModuleOptions } from './tasks-bull.module.js';
