import { ApiProperty } from '@nestjs/swagger';
import type {
  AuditRecord,
  Percentiles,
  StatisticsAnswer,
  StatisticsTally,
} from '../../observability/task-statistics.js';
import type { ErrorGroup } from '../../store/error-store.js';
import { LOG_LEVELS, type LogLevel, type LogLine } from '../../store/log-store.js';
import { TASK_STATES, type TaskState } from '../../store/states.js';
import type { BulkAction } from '../../submission/bulk-action.js';
import { ANY_JSON, ID_OR_NULL, TEXT_OR_NULL } from './any-json.js';

const MS_OR_NULL = { type: Number, nullable: true } as const;
const WHOLE = { type: 'integer' } as const;

class CountersDto {
  @ApiProperty(WHOLE)
  submitted!: number;

  @ApiProperty(WHOLE)
  succeeded!: number;

  @ApiProperty(WHOLE)
  failed!: number;

  @ApiProperty(WHOLE)
  retried!: number;

  @ApiProperty(WHOLE)
  revoked!: number;

  @ApiProperty({ ...WHOLE, description: 'Attempts whose worker died.' })
  lost!: number;
}

export class StatisticsPointDto extends CountersDto {
  @ApiProperty({ format: 'date-time' })
  at!: string;
}

export class PercentilesDto implements Percentiles {
  @ApiProperty(MS_OR_NULL)
  p50!: number | null;

  @ApiProperty(MS_OR_NULL)
  p95!: number | null;
}

export class StatisticsTallyDto extends CountersDto implements StatisticsTally {
  @ApiProperty({ description: 'Of the task or the queue; empty in the totals.' })
  name!: string;

  @ApiProperty({ type: PercentilesDto, description: 'Milliseconds until they were started.' })
  wait!: PercentilesDto;

  @ApiProperty({ type: PercentilesDto, description: 'Milliseconds that attempts ran.' })
  run!: PercentilesDto;
}

export class StatisticsDto implements StatisticsAnswer {
  @ApiProperty({ example: '1h' })
  window!: string;

  @ApiProperty(WHOLE)
  stepSeconds!: number;

  @ApiProperty({
    type: 'object',
    description: 'How many tasks are in each state now, counted up to `cap`.',
    properties: Object.fromEntries(TASK_STATES.map((state) => [state, WHOLE])),
    required: [...TASK_STATES],
  })
  counts!: Record<TaskState, number>;

  @ApiProperty(WHOLE)
  cap!: number;

  @ApiProperty({ type: [StatisticsPointDto], description: 'One a step, oldest first.' })
  series!: StatisticsPointDto[];

  @ApiProperty({ type: StatisticsTallyDto })
  totals!: StatisticsTallyDto;

  @ApiProperty({ type: [StatisticsTallyDto], description: 'By the name of the task, the busiest first.' })
  names!: StatisticsTallyDto[];

  @ApiProperty({ type: [StatisticsTallyDto], description: 'By the queue, the busiest first.' })
  queues!: StatisticsTallyDto[];

  @ApiProperty({
    type: 'object',
    additionalProperties: true,
    description: 'The database and the broker: `{ ok: true, health }` or `{ ok: false, reason }`.',
  })
  health!: object;
}

export class ErrorGroupDto implements ErrorGroup {
  @ApiProperty({ description: 'For `error=` of the list.' })
  fingerprint!: string;

  @ApiProperty({ description: 'Of the task.' })
  name!: string;

  @ApiProperty()
  errorName!: string;

  @ApiProperty({ description: 'What their messages have in common.' })
  message!: string;

  @ApiProperty({ ...TEXT_OR_NULL, description: 'Where it was thrown.' })
  frame!: string | null;

  @ApiProperty(WHOLE)
  count!: number;

  @ApiProperty({ format: 'date-time' })
  firstSeen!: string;

  @ApiProperty({ format: 'date-time' })
  lastSeen!: string;

  @ApiProperty({ format: 'uuid', description: 'One of the tasks.' })
  sampleId!: string;
}

export class ErrorGroupsDto {
  @ApiProperty({ type: [ErrorGroupDto] })
  items!: ErrorGroupDto[];
}

export class AuditRecordDto implements AuditRecord {
  @ApiProperty()
  id!: string;

  @ApiProperty({ format: 'date-time' })
  at!: string;

  @ApiProperty(TEXT_OR_NULL)
  by!: string | null;

  @ApiProperty({ example: 'retry' })
  action!: string;

  @ApiProperty(ID_OR_NULL)
  taskId!: string | null;

  @ApiProperty(ANY_JSON)
  detail!: unknown;
}

export class AuditPageDto {
  @ApiProperty({ type: [AuditRecordDto] })
  items!: AuditRecordDto[];

  @ApiProperty({ ...TEXT_OR_NULL, description: 'For `cursor`; null after the last page.' })
  nextCursor!: string | null;
}

export class LogLineDto implements LogLine {
  @ApiProperty({ format: 'date-time' })
  at!: string;

  @ApiProperty({ enum: LOG_LEVELS })
  level!: LogLevel;

  @ApiProperty()
  message!: string;

  @ApiProperty(WHOLE)
  attempt!: number;

  @ApiProperty({ ...WHOLE, description: 'Counts the lines of an attempt, from 1.' })
  line!: number;
}

export class TaskLogsDto {
  @ApiProperty({ type: [LogLineDto] })
  items!: LogLineDto[];
}

export class BulkActionRequestDto {
  @ApiProperty({ enum: ['revoke', 'retry', 'forget'] })
  action!: BulkAction;

  @ApiProperty({
    type: 'object',
    additionalProperties: { type: 'string' },
    description: 'At least one condition of the list: `{ "name": "email.*", "state": "FAILURE" }`.',
  })
  filter!: Record<string, string>;

  @ApiProperty({ required: false, default: false, description: 'Revoked ones are written off at once.' })
  terminate?: boolean;

  @ApiProperty({ required: false, default: false, description: 'Only counts.' })
  count?: boolean;

  @ApiProperty({
    required: false,
    format: 'uuid',
    description: 'The `nextCursor` of the answer before: what fits again meanwhile is not taken twice.',
  })
  cursor?: string;
}

export class BulkCountDto {
  @ApiProperty({ ...WHOLE, description: 'How many it would be done to, up to 10,000.' })
  count!: number;

  @ApiProperty({ description: 'Whether there are more.' })
  capped!: boolean;
}

export class BulkResultDto {
  @ApiProperty({ ...WHOLE, description: 'How many it was done to.' })
  done!: number;

  @ApiProperty({ ...WHOLE, description: 'How many had moved on meanwhile.' })
  skipped!: number;

  @ApiProperty({ description: 'Whether there may be more that fit: ask again.' })
  more!: boolean;

  @ApiProperty({ ...ID_OR_NULL, description: 'Where to go on; null when there are no more.' })
  nextCursor!: string | null;
}
