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
  RevokeRequestDto,
  SubmitOptionsDto,
  SubmitRequestDto,
} from './submission.dto.js';
export { PurgedDto, QueueStatusDto, QueuesDto, WorkerStatusDto, WorkersDto } from './administration.dto.js';
