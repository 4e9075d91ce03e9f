import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import type { CallRetryOptions } from '../../definition/retry-policy.js';
import type { Duration } from '../../duration.js';
import { MAX_IDS } from '../requests/revoke-request.js';
import { MAX_BULK } from '../requests/submit-request.js';
import { DURATION } from './any-json.js';

export class RetryDto implements CallRetryOptions {
  @ApiPropertyOptional({
    type: 'integer',
    nullable: true,
    minimum: 0,
    description: 'Retries after the first attempt; null for ever.',
  })
  max?: number | null;

  @ApiPropertyOptional(DURATION)
  delay?: Duration;

  @ApiPropertyOptional({ oneOf: [{ type: 'boolean' }, { type: 'number' }] })
  backoff?: boolean | number;

  @ApiPropertyOptional(DURATION)
  backoffMax?: Duration;

  @ApiPropertyOptional()
  jitter?: boolean;
}

export class UniqueDto {
  @ApiPropertyOptional({ description: 'What makes two the same. Default: the arguments.' })
  key?: string;

  @ApiPropertyOptional({
    oneOf: [{ type: 'string', enum: ['started', 'finished'] }, ...DURATION.oneOf],
    default: 'finished',
    description: 'How long the first one keeps others out; a duration counts from its submission.',
  })
  until?: Duration;

  @ApiPropertyOptional({ enum: ['existing', 'replace', 'refuse'], default: 'existing' })
  onConflict?: 'existing' | 'replace' | 'refuse';
}

export class SubmitOptionsDto {
  @ApiPropertyOptional({ example: 'default', description: 'One that is known.' })
  queue?: string;

  @ApiPropertyOptional({ type: 'integer', minimum: 0, maximum: 9, description: '9 first.' })
  priority?: number;

  @ApiPropertyOptional({ ...DURATION, description: 'Not before this long from now. Excludes `eta`.' })
  countdown?: Duration;

  @ApiPropertyOptional({ format: 'date-time', description: 'Not before this time. Excludes `countdown`.' })
  eta?: string;

  @ApiPropertyOptional({
    ...DURATION,
    description: 'Revoked when not started by then: a duration or a time.',
  })
  expires?: Duration;

  @ApiPropertyOptional({
    oneOf: [{ type: 'boolean' }, { $ref: '#/components/schemas/RetryDto' }],
    description: "Overrides the task's own.",
  })
  retry?: boolean | RetryDto;

  @ApiPropertyOptional(DURATION)
  softTimeLimit?: Duration;

  @ApiPropertyOptional({ ...DURATION, description: 'It is written off after this long.' })
  timeLimit?: Duration;

  @ApiPropertyOptional({ description: 'false: at most once.' })
  acksLate?: boolean;

  @ApiPropertyOptional({ description: 'Keeps no result.' })
  ignoreResult?: boolean;

  @ApiPropertyOptional({ description: 'Keeps errors although `ignoreResult`.' })
  storeErrorsEvenIfIgnored?: boolean;

  @ApiPropertyOptional({ ...DURATION, description: 'The record is removed this long after its end.' })
  resultExpires?: Duration;

  @ApiPropertyOptional({
    oneOf: [{ type: 'boolean' }, { $ref: '#/components/schemas/UniqueDto' }],
    description: "Only one of the same, for each owner. Overrides the task's own.",
  })
  unique?: boolean | UniqueDto;

  @ApiPropertyOptional({ type: 'object', additionalProperties: { type: 'string', maxLength: 200 } })
  tags?: Record<string, string>;

  @ApiPropertyOptional({
    type: 'object',
    additionalProperties: { type: 'string', maxLength: 1000 },
    maxProperties: 20,
    description: 'Go with the task, and with the tasks that it submits.',
  })
  headers?: Record<string, string>;

  @ApiPropertyOptional({ type: 'object', additionalProperties: true, description: 'Kept with the record.' })
  meta?: Record<string, unknown>;
}

/** The options of one submission; those of many have no key. */
export class KeyedSubmitOptionsDto extends SubmitOptionsDto {
  @ApiPropertyOptional({
    minLength: 1,
    maxLength: 255,
    description: 'The same as the header `Idempotency-Key`. Not for unique tasks.',
  })
  idempotencyKey?: string;
}

export class SubmitRequestDto {
  @ApiPropertyOptional({
    type: 'array',
    items: {},
    example: [2, 3],
    description: 'Checked; nothing is coerced.',
  })
  args?: unknown[];

  @ApiPropertyOptional({ type: () => KeyedSubmitOptionsDto })
  options?: KeyedSubmitOptionsDto;
}

export class BulkTaskDto {
  @ApiProperty({ example: 'math.add' })
  name!: string;

  @ApiPropertyOptional({ type: 'array', items: {}, example: [2, 3] })
  args?: unknown[];

  @ApiPropertyOptional({ type: () => SubmitOptionsDto })
  options?: SubmitOptionsDto;
}

export class BulkRequestDto {
  @ApiProperty({ type: () => [BulkTaskDto], minItems: 1, maxItems: MAX_BULK })
  tasks!: BulkTaskDto[];
}

export class BulkAnswerDto {
  @ApiProperty({ type: [String], description: 'In the order of the request.' })
  ids!: string[];
}

export class RevokeRequestDto {
  @ApiPropertyOptional({ description: 'Writes a running task off at once. Default false.' })
  terminate?: boolean;
}

export class RevokeManyRequestDto extends RevokeRequestDto {
  @ApiPropertyOptional({
    type: 'array',
    items: { type: 'string', format: 'uuid' },
    minItems: 1,
    maxItems: MAX_IDS,
  })
  ids?: string[];

  @ApiPropertyOptional({ example: 'email.*', description: "A task's name, or its beginning." })
  name?: string;

  @ApiPropertyOptional({ example: 'default' })
  queue?: string;

  @ApiPropertyOptional({
    type: 'object',
    additionalProperties: { type: 'string', maxLength: 200 },
    description: 'All of them.',
  })
  tags?: Record<string, string>;
}
