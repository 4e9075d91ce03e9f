export { documentTaskRoutes } from './document-task-routes.js';
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
export {
  PurgedDto,
  QueueStatusDto,
  QueuesDto,
  RevokedManyDto,
  WorkerStatusDto,
  WorkersDto,
} from './administration.dto.js';
