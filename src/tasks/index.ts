export { TasksModule } from './tasks.module.js';
export { MissingDataSourceError } from './tasks.module-definition.js';
export type { TasksModuleExtras } from './tasks.module-definition.js';
export type { ContextOptions, TasksModuleOptions } from './tasks.options.js';
export type { AmqpBrokerOptions, BrokerOptions, RedisBrokerOptions } from './brokers/broker-options.js';

export { Task, Ctx } from './definition/task.decorator.js';
export type { TaskOptions, RetryOptions, ErrorMatcher } from './definition/task.decorator.js';
export type { TaskSettingOptions, TaskSettings } from './definition/task-settings.js';
export type { QueueOptions, TaskDefaultOptions } from './definition/task-defaults.js';
export type { LimitOptions } from './definition/limits.js';
export type { UniqueOptions } from './definition/unique.js';
export type { TaskRoutes } from './definition/routes.js';
export type { Texts } from './definition/texts.js';
export { TaskContext } from './definition/task-context.js';
export type { RetryRequest } from './definition/task-context.js';
export type { JsonSchema, TaskSchema } from './definition/validation/json-schema.js';
export { TaskRegistry } from './definition/task-registry.js';
export type { TaskDefinition, TaskDescription } from './definition/task-definition.js';
export type {
  TaskArgs,
  TaskResult,
  TaskRef,
  TaskRefs,
  TaskClass,
  Jsonified,
} from './definition/task-references.js';

export { OnTaskEvent } from './events/on-task-event.decorator.js';
export type { OnTaskEventOptions } from './events/on-task-event.decorator.js';
export type { TaskEvent, TaskEventMap, TaskEventName } from './events/task-events.js';

export { TaskService } from './submission/task.service.js';
export type { TasksHealth } from './submission/tasks-health.js';
export type { Submission } from './submission/compose-task.js';
export type { Page } from './submission/page.js';
export { TaskHandle } from './submission/task-handle.js';
export type { SubmitOptions } from './submission/submit-options.js';
export type { TaskRecord } from './submission/task-view.js';
export type { HistoryEntry } from './submission/task-history.js';
export { TASK_STATES, FINAL_STATES, isFinal } from './store/states.js';
export type { TaskState, FinalState, AttemptOutcome } from './store/states.js';
export type { TaskProgress, RecordedError } from './store/task-record.entity.js';
export type { LiveFilter } from './store/task-store.js';
export type { TaskFilter } from './store/task-reader.js';
export type { Duration } from './duration.js';

export { runWorker, closeGracefully, stopOnSignals } from './execution/run-worker.js';
export type { CloseOptions, RunWorkerOptions } from './execution/run-worker.js';
export { Worker } from './execution/worker.js';
export type { WorkerOptions } from './execution/worker.options.js';
export { TASK_CONTEXT_TYPE } from './execution/pipeline.js';

export {
  BrokerRefusedError,
  BrokerUnavailableError,
  CeleriacError,
  IdempotencyConflictError,
  InvalidArgumentError,
  InvalidOptionError,
  MissingPackageError,
  NotSerializableError,
  OverloadedError,
  QueueFullError,
  ResultTimeoutError,
  ShuttingDownError,
  SoftTimeLimitExceededError,
  StoreUnavailableError,
  SubmissionUncertainError,
  TaskDefinitionError,
  TaskFailedError,
  TaskNotFoundError,
  TaskRevokedError,
  TaskStateError,
  TimeLimitExceededError,
  UniqueConflictError,
  UnknownTaskError,
  WorkerLostError,
} from './errors.js';
