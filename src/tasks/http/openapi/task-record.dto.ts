import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { TASK_STATES, type TaskState } from '../../store/states.js';
import type { RecordedError, TaskProgress } from '../../store/task-record.entity.js';
import type { HistoryEntry } from '../../submission/task-history.js';
import type { TaskRecord } from '../../submission/task-view.js';
import type { SubmittedTask } from '../submission.controller.js';
import type { TaskStatus } from '../tasks.controller.js';
import { ANY_JSON, ID_OR_NULL, TEXT_OR_NULL, TIME_OR_NULL } from './any-json.js';

export class TaskErrorDto implements RecordedError {
  @ApiProperty({ example: 'DecodeError' })
  name!: string;

  @ApiProperty()
  message!: string;

  @ApiPropertyOptional({ description: 'Not for keys that may only submit.' })
  stack?: string;

  @ApiPropertyOptional()
  code?: string;
}

export class TaskProgressDto implements TaskProgress {
  @ApiProperty()
  current!: number;

  @ApiProperty({ type: Number, nullable: true })
  total!: number | null;

  @ApiProperty({ type: Number, nullable: true, description: '0 to 100, or null without a total.' })
  percent!: number | null;

  @ApiProperty(TEXT_OR_NULL)
  message!: string | null;

  @ApiProperty(ANY_JSON)
  detail!: unknown;
}

/** A task's record, the same everywhere. */
export class TaskRecordDto implements TaskRecord {
  @ApiProperty({ format: 'uuid' })
  id!: string;

  @ApiProperty({ example: 'math.add' })
  name!: string;

  @ApiProperty({ example: 'default' })
  queue!: string;

  @ApiProperty({ enum: TASK_STATES, enumName: 'TaskState' })
  state!: TaskState;

  @ApiProperty({ type: 'array', items: {}, nullable: true, description: 'null in lists without `include`.' })
  args!: unknown[] | null;

  @ApiProperty({ ...ANY_JSON, description: 'null until SUCCESS, and in lists without `include`.' })
  result!: unknown;

  @ApiProperty({ type: () => TaskErrorDto, nullable: true })
  error!: TaskErrorDto | null;

  @ApiProperty({ type: () => TaskProgressDto, nullable: true })
  progress!: TaskProgressDto | null;

  @ApiProperty({ type: 'integer', description: 'Counts every start.' })
  attempt!: number;

  @ApiProperty({ type: 'integer', description: 'Counts the retries that were charged.' })
  retries!: number;

  @ApiProperty({ type: 'integer', nullable: true, description: 'null: for ever, or not known here.' })
  maxRetries!: number | null;

  @ApiProperty({ type: 'integer', minimum: 0, maximum: 9, description: '9 first.' })
  priority!: number;

  @ApiProperty({ ...TEXT_OR_NULL, description: 'The worker that holds it, or that held it last.' })
  worker!: string | null;

  @ApiProperty(TEXT_OR_NULL)
  owner!: string | null;

  @ApiProperty({ type: 'object', additionalProperties: { type: 'string' } })
  tags!: Record<string, string>;

  @ApiProperty({
    type: 'object',
    additionalProperties: { type: 'string' },
    description: 'What its submission sent along: a correlation id, a tenant, traceparent …',
  })
  headers!: Record<string, string>;

  @ApiProperty(ID_OR_NULL)
  parentId!: string | null;

  @ApiProperty(ID_OR_NULL)
  rootId!: string | null;

  @ApiProperty(ID_OR_NULL)
  groupId!: string | null;

  @ApiProperty({ ...TEXT_OR_NULL, description: 'The workflow that it belongs to.' })
  workflowId!: string | null;

  @ApiProperty(TEXT_OR_NULL)
  idempotencyKey!: string | null;

  @ApiProperty({
    ...TEXT_OR_NULL,
    enum: ['bullmq'],
    description: 'Whose job it records, which is not revoked or retried here; null for tasks.',
  })
  source!: 'bullmq' | null;

  @ApiProperty(ANY_JSON)
  meta!: unknown;

  @ApiProperty({ format: 'date-time' })
  createdAt!: string;

  @ApiProperty(TIME_OR_NULL)
  dueAt!: string | null;

  @ApiProperty(TIME_OR_NULL)
  startedAt!: string | null;

  @ApiProperty(TIME_OR_NULL)
  finishedAt!: string | null;

  @ApiProperty(TIME_OR_NULL)
  expiresAt!: string | null;

  @ApiProperty(TIME_OR_NULL)
  revokeRequestedAt!: string | null;

  @ApiProperty({ ...TEXT_OR_NULL, example: 'expired' })
  revokedReason!: string | null;

  @ApiProperty({ type: Number, nullable: true })
  runtimeMs!: number | null;
}

export class TaskStatusDto extends TaskRecordDto implements TaskStatus {
  @ApiProperty({ description: 'It waits, and no living worker takes from its queue.' })
  unattended!: boolean;
}

export class SubmittedTaskDto extends TaskRecordDto implements SubmittedTask {
  @ApiProperty({ example: '/tasks/01930000-0000-7000-8000-000000000000' })
  statusUrl!: string;

  @ApiProperty({ example: '/tasks/01930000-0000-7000-8000-000000000000/events' })
  eventsUrl!: string;
}

export class TaskPageDto {
  @ApiProperty({ type: () => [TaskRecordDto] })
  items!: TaskRecordDto[];

  @ApiProperty({ ...TEXT_OR_NULL, description: 'For `cursor`; null after the last page.' })
  nextCursor!: string | null;
}

export class HistoryEntryDto implements HistoryEntry {
  @ApiProperty({ format: 'date-time' })
  at!: string;

  @ApiProperty({ example: 'retried' })
  kind!: string;

  @ApiProperty({ type: 'integer', nullable: true })
  attempt!: number | null;

  @ApiProperty(TEXT_OR_NULL)
  worker!: string | null;

  @ApiProperty({ type: () => TaskErrorDto, nullable: true })
  error!: TaskErrorDto | null;

  @ApiProperty({ ...TEXT_OR_NULL, description: 'Who did it, for what operators did.' })
  by!: string | null;
}

export class TaskHistoryDto {
  @ApiProperty({ type: () => [HistoryEntryDto], description: 'Oldest first.' })
  items!: HistoryEntryDto[];
}
