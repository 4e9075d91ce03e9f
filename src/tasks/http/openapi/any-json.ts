import type { ApiPropertyOptions } from '@nestjs/swagger';

/** The schema of any JSON value. */
export const ANY_JSON = {
  nullable: true,
  anyOf: [
    { type: 'object', additionalProperties: true },
    { type: 'array', items: {} },
    { type: 'string' },
    { type: 'number' },
    { type: 'boolean' },
  ],
} as const satisfies ApiPropertyOptions;

/** A time in UTC that may be missing. */
export const TIME_OR_NULL = {
  type: String,
  format: 'date-time',
  nullable: true,
} as const satisfies ApiPropertyOptions;

/** A text that may be missing. */
export const TEXT_OR_NULL = { type: String, nullable: true } as const satisfies ApiPropertyOptions;

/** The id of a task that may be missing. */
export const ID_OR_NULL = {
  type: String,
  format: 'uuid',
  nullable: true,
} as const satisfies ApiPropertyOptions;

/** Milliseconds, or a text such as '10s'. */
export const DURATION = {
  oneOf: [{ type: 'number', minimum: 0 }, { type: 'string' }],
  example: '10s',
} as const satisfies ApiPropertyOptions;
