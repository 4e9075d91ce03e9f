import { ApiProperty, ApiPropertyOptional, PartialType } from '@nestjs/swagger';
import type { Duration } from '../../duration.js';
import type { ScheduleRecord } from '../../schedule/schedule-record.js';
import { MAX_CATCH_UP } from '../../schedule/schedule-spec.js';
import { DURATION, ID_OR_NULL, TEXT_OR_NULL, TIME_OR_NULL } from './any-json.js';

const TEXTS = { type: 'object', additionalProperties: { type: 'string' } } as const;
const DURATION_OR_NULL = { ...DURATION, nullable: true } as const;
const OVERLAP = ['allow', 'skip', 'queue'] as const;
const CATCH_UP = ['skip', 'once', 'all'] as const;
const RULES = ['or', 'and'] as const;

export class ScheduleDto implements ScheduleRecord {
  @ApiProperty({ format: 'uuid' })
  id!: string;

  @ApiProperty()
  name!: string;

  @ApiProperty({ example: 'math.add' })
  task!: string;

  @ApiProperty()
  enabled!: boolean;

  @ApiProperty({ enum: ['code', 'operator'], description: 'Whether `@Schedule()` declares it.' })
  origin!: 'code' | 'operator';

  @ApiProperty({ example: 'At 09:00, Monday through Friday (Europe/Berlin)' })
  when!: string;

  @ApiProperty(TEXT_OR_NULL)
  crontab!: string | null;

  @ApiProperty({ type: String, nullable: true, enum: [...RULES, null] })
  dayRule!: 'or' | 'and' | null;

  @ApiProperty(DURATION_OR_NULL)
  every!: Duration | null;

  @ApiProperty(TIME_OR_NULL)
  at!: string | null;

  @ApiProperty({ example: 'Europe/Berlin' })
  timezone!: string;

  @ApiProperty({ type: 'array', items: {} })
  args!: unknown[];

  @ApiProperty(DURATION_OR_NULL)
  jitter!: Duration | null;

  @ApiProperty({ enum: OVERLAP })
  overlap!: (typeof OVERLAP)[number];

  @ApiProperty({ enum: CATCH_UP })
  catchUp!: (typeof CATCH_UP)[number];

  @ApiProperty({ type: 'integer', nullable: true })
  catchUpLimit!: number | null;

  @ApiProperty(TEXT_OR_NULL)
  queue!: string | null;

  @ApiProperty({ type: 'integer', nullable: true })
  priority!: number | null;

  @ApiProperty(DURATION_OR_NULL)
  expires!: Duration | null;

  @ApiProperty(TEXTS)
  headers!: Record<string, string>;

  @ApiProperty(TEXTS)
  tags!: Record<string, string>;

  @ApiProperty(TIME_OR_NULL)
  startTime!: string | null;

  @ApiProperty()
  oneOff!: boolean;

  @ApiProperty(TEXT_OR_NULL)
  description!: string | null;

  @ApiProperty({ type: [String], description: 'What operators have changed of what the code declares.' })
  changes!: string[];

  @ApiProperty({ ...TIME_OR_NULL, description: 'null while it is paused, or over.' })
  nextAt!: string | null;

  @ApiProperty({ ...TIME_OR_NULL, description: 'The newest tick that a task was made for.' })
  lastRunAt!: string | null;

  @ApiProperty(ID_OR_NULL)
  lastTaskId!: string | null;

  @ApiProperty({ type: 'integer', description: 'How many tasks its ticks have made.' })
  totalRunCount!: number;

  @ApiProperty({ type: 'integer', description: 'How many ticks made none, because a task was not over.' })
  skippedCount!: number;

  @ApiProperty({ ...TEXT_OR_NULL, description: 'Why the last tick made no task, if it went wrong.' })
  lastError!: string | null;

  @ApiProperty({ format: 'date-time' })
  createdAt!: string;

  @ApiProperty({ format: 'date-time' })
  changedAt!: string;
}

export class SchedulePageDto {
  @ApiProperty({ type: () => [ScheduleDto] })
  items!: ScheduleDto[];

  @ApiProperty(TEXT_OR_NULL)
  nextCursor!: string | null;
}

/** Exactly one of `crontab`, `every` and `at`. */
export class NewScheduleDto {
  @ApiProperty({ minLength: 1, maxLength: 200, example: 'nightly report' })
  name!: string;

  @ApiProperty({ example: 'math.add', description: 'One that may be submitted over HTTP.' })
  task!: string;

  @ApiPropertyOptional({
    example: '0 9 * * MON-FRI',
    nullable: true,
    description: 'Five fields, or six with seconds.',
  })
  crontab?: string | null;

  @ApiPropertyOptional({
    type: String,
    enum: [...RULES, null],
    nullable: true,
    description: "Two restricted day fields: 'or' as in cron (default), 'and' as in Celery.",
  })
  dayRule?: 'or' | 'and' | null;

  @ApiPropertyOptional({ ...DURATION_OR_NULL, description: 'An interval, at least a second.' })
  every?: Duration | null;

  @ApiPropertyOptional({ ...TIME_OR_NULL, description: 'Once.' })
  at?: string | null;

  @ApiPropertyOptional({ nullable: true, type: String, example: 'Europe/Berlin' })
  timezone?: string | null;

  @ApiPropertyOptional({ type: 'array', items: {}, nullable: true, example: [2, 3] })
  args?: unknown[] | null;

  @ApiPropertyOptional({ ...DURATION_OR_NULL, description: 'Tasks start up to so much later.' })
  jitter?: Duration | null;

  @ApiPropertyOptional({ type: String, enum: [...OVERLAP, null], nullable: true, default: 'allow' })
  overlap?: (typeof OVERLAP)[number] | null;

  @ApiPropertyOptional({ type: String, enum: [...CATCH_UP, null], nullable: true, default: 'once' })
  catchUp?: (typeof CATCH_UP)[number] | null;

  @ApiPropertyOptional({ type: 'integer', minimum: 1, maximum: MAX_CATCH_UP, nullable: true, default: 100 })
  catchUpLimit?: number | null;

  @ApiPropertyOptional({ type: String, nullable: true, description: 'One that is known.' })
  queue?: string | null;

  @ApiPropertyOptional({ type: 'integer', minimum: 0, maximum: 9, nullable: true, description: '9 first.' })
  priority?: number | null;

  @ApiPropertyOptional({
    ...DURATION_OR_NULL,
    description: 'A duration: of each task. A time: the same, and there are no ticks from then on.',
  })
  expires?: Duration | null;

  @ApiPropertyOptional({ ...TEXTS, nullable: true })
  headers?: Record<string, string> | null;

  @ApiPropertyOptional({ ...TEXTS, nullable: true })
  tags?: Record<string, string> | null;

  @ApiPropertyOptional({ ...TIME_OR_NULL, description: 'No tick before it.' })
  startTime?: string | null;

  @ApiPropertyOptional({ type: Boolean, nullable: true, description: 'Is disabled after its first task.' })
  oneOff?: boolean | null;

  @ApiPropertyOptional({ type: Boolean, nullable: true, default: true })
  enabled?: boolean | null;

  @ApiPropertyOptional({ type: String, nullable: true, maxLength: 2000 })
  description?: string | null;
}

/** Only what is to be changed; null gives back what the code, or else the default, says. */
export class ScheduleChangesDto extends PartialType(NewScheduleDto) {}

/** With a task its arguments are checked too. */
export class SchedulePreviewRequestDto extends PartialType(NewScheduleDto) {}

export class SchedulePreviewDto {
  @ApiProperty({ example: 'At 09:00, Monday through Friday (Europe/Berlin)' })
  when!: string;

  @ApiProperty({
    type: 'array',
    items: { type: 'string', format: 'date-time' },
    description: 'The next five, or fewer.',
  })
  runs!: string[];

  @ApiProperty({ example: 'Europe/Berlin', description: 'Where its clock stands.' })
  timezone!: string;
}
