export { TasksTestingModule } from './tasks-testing.module.js';
export type { TasksTestingOptions } from './tasks-testing.module.js';
export { TestTasks } from './test-tasks.js';
export type { TaskName } from './test-tasks.js';
export { FakeClock } from './fake-clock.js';
