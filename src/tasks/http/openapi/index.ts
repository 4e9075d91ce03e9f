export { documentTaskRoutes } from './document-task-routes.js';
export { documentRoute } from './route.js';
export { ApiErrors, ErrorDto } from './error.dto.js';
export type { ErrorStatus } from './error.dto.js';
export {
  HistoryEntryDto,
  SubmittedTaskDto,
  TaskErrorDto,
  TaskHistoryDto,
  TaskPageDto,
  TaskProgressDto,
  TaskRecordDto,
  TaskStatusDto,
} from './task-record.dto.js';
export {
  BulkAnswerDto,
  BulkRequestDto,
  BulkTaskDto,
  KeyedSubmitOptionsDto,
  RetryDto,
  RevokeManyRequestDto,
  RevokeRequestDto,
  SubmitOptionsDto,
  SubmitRequestDto,
  UniqueDto,
} from './submission.dto.js';
export { RegisteredArgumentDto, RegisteredTaskDto, RegisteredTasksDto } from './registered-task.dto.js';
export { PurgedDto, QueueStatusDto, QueuesDto, RevokedManyDto } from './administration.dto.js';
export {
  AutoscaleRequestDto,
  PoolSizeRequestDto,
  QueueRequestDto,
  WorkerAnswerDto,
  WorkerDetailDto,
  WorkerStatusDto,
  WorkerTaskDto,
  WorkersDto,
} from './workers.dto.js';
export {
  SignalRequestDto,
  SubmittedWorkflowDto,
  WorkflowEdgeDto,
  WorkflowNodeDto,
  WorkflowOptionsDto,
  WorkflowProgressDto,
  WorkflowRecordDto,
  WorkflowRequestDto,
  WorkflowStepDto,
} from './workflow.dto.js';
export {
  AuditPageDto,
  AuditRecordDto,
  BulkActionRequestDto,
  BulkCountDto,
  BulkResultDto,
  ErrorGroupDto,
  ErrorGroupsDto,
  LogLineDto,
  PercentilesDto,
  StatisticsDto,
  StatisticsPointDto,
  StatisticsTallyDto,
  TaskLogsDto,
} from './statistics.dto.js';
export {
  NewScheduleDto,
  ScheduleChangesDto,
  ScheduleDto,
  SchedulePageDto,
  SchedulePreviewDto,
  SchedulePreviewRequestDto,
} from './schedule.dto.js';
