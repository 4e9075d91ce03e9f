export { TasksModule } from './tasks.module.js';
export { MissingDataSourceError } from './tasks.module-definition.js';
export { MigrationsPendingError } from './store/migrator.js';
export type { TasksModuleExtras } from './tasks.module-definition.js';
export type { ContextOptions, TasksModuleOptions } from './tasks.options.js';
export type { Keep, KeepByState, RetentionOptions } from './control/retention/retention-options.js';
export type { AmqpBrokerOptions, BrokerOptions, RedisBrokerOptions } from './brokers/broker-options.js';

export { Task, Ctx } from './definition/task.decorator.js';
export type { TaskOptions, RetryOptions, ErrorMatcher } from './definition/task.decorator.js';
export type { TaskSettingOptions, TaskSettings } from './definition/task-settings.js';
export type { QueueOptions, TaskDefaultOptions } from './definition/task-defaults.js';
export type { LimitOptions } from './definition/limits.js';
export type { UniqueOptions } from './definition/unique.js';
export type { TaskRoutes } from './definition/routes.js';
export type { Texts } from './definition/texts.js';
export type { TaskOverride } from './definition/task-overrides.js';
export { TaskContext } from './definition/task-context.js';
export type { RetryRequest } from './definition/task-context.js';
export type { TaskLogger } from './definition/task-logger.js';
export type { JsonSchema, TaskSchema } from './definition/validation/json-schema.js';
export type { RegisteredTask } from './definition/registered-tasks.js';
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

export { chain, chainOf, chord, group, workflow, Workflow } from './workflow/canvas.js';
export type { Mismatch } from './workflow/canvas.js';
export { waitForSignal } from './workflow/wait-for-signal.js';
export { Group, Signature } from './workflow/signature.js';
export type { AnySignature, TaskFailure, WorkflowOptions } from './workflow/signature.js';
export type { StepOptions } from './workflow/step.js';
export { Workflows } from './workflow/workflows.js';
export { WorkflowHandle } from './workflow/workflow-handle.js';
export type {
  WorkflowEdge,
  WorkflowNode,
  WorkflowProgress,
  WorkflowRecord,
} from './workflow/workflow-view.js';
export { Schedule } from './schedule/schedule.decorator.js';
export type { DeclaredSchedule } from './schedule/schedule.decorator.js';
export { ScheduleService } from './schedule/schedule.service.js';
export type { By, ScheduleChanges, SchedulePreview } from './schedule/schedule.service.js';
export type { NewSchedule, ScheduleOptions } from './schedule/schedule-spec.js';
export type { ScheduleRecord } from './schedule/schedule-record.js';
export type { DayRule } from './schedule/crontab.js';
export type { ScheduleListing } from './store/schedule-store.js';

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
export type { LiveFilter } from './store/task-filter.js';
export type { TaskFilter } from './store/task-filter.js';
export type { ErrorGroup } from './store/error-store.js';
export type { LogLevel, LogLine } from './store/log-store.js';
export { TaskConsoleLogger } from './observability/task-console-logger.js';
export type { LogFormat } from './observability/task-console-logger.js';
export { TaskStatistics } from './observability/task-statistics.js';
export type { AuditRecord, StatisticsAnswer } from './observability/task-statistics.js';
export type { BulkAction, BulkOptions, BulkResult } from './submission/bulk-action.js';
export type { Duration } from './duration.js';

export { runWorker, closeGracefully } from './execution/run-worker.js';
export type { CloseOptions } from './execution/run-worker.js';
export { stopOnSignals } from './execution/stopping.js';
export type { AutoscaleOptions, HealthOptions, RunWorkerOptions } from './execution/run-worker.options.js';
export { workerFlags } from './execution/worker-flags.js';
export { Worker } from './execution/worker.js';
export type { WorkerOptions } from './execution/worker.options.js';
export { ControlRefusedError } from './execution/worker-controls.js';
export type { ActiveTask, WorkerReport } from './execution/worker-controls.js';
export { RemoteControl } from './control/remote/remote-control.js';
export type { Answers, RemoteOptions, WorkerReply } from './control/remote/remote-control.js';
export type {
  Control,
  Controls,
  Inspection,
  Inspections,
  TaskWhereabouts,
  WorkerStats,
} from './control/remote/commands.js';
export { UnknownWorkerError } from './control/remote/worker-names.js';
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
  ScheduleDeclaredError,
  ScheduleExistsError,
  ScheduleNotFoundError,
  ShuttingDownError,
  SignalConflictError,
  SignalTimeoutError,
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
  WorkerStartError,
} from './errors.js';
