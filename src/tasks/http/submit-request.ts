import { InvalidOptionError } from '../errors.js';
import type { SubmitOptions } from '../submission/submit-options.js';

/** The body of `POST /tasks/:name`. */
export interface SubmitRequest {
  args: unknown[];
  options: SubmitOptions;
}

/** Options that a request may set; the others are the application's. */
const OPTIONS = [
  'queue',
  'priority',
  'countdown',
  'eta',
  'expires',
  'retry',
  'softTimeLimit',
  'idempotencyKey',
  'tags',
  'meta',
];

/** @throws InvalidOptionError */
export function parseSubmitRequest(body: unknown, idempotencyKey: string | undefined): SubmitRequest {
  if (!isObject(body)) throw new InvalidOptionError('body', 'a JSON object', body, 'BODY_MUST_BE_OBJECT');
  for (const property of Object.keys(body))
    if (property !== 'args' && property !== 'options')
      throw new InvalidOptionError(
        property.slice(0, 40),
        'only args and options',
        'another property',
        'UNKNOWN_PROPERTY',
      );
  const { args = [], options = {} } = body;
  if (!Array.isArray(args)) throw new InvalidOptionError('args', 'an array', args, 'ARG_TYPE');
  if (!isObject(options)) throw new InvalidOptionError('options', 'an object', options, 'INVALID_OPTION');
  for (const option of Object.keys(options))
    if (!OPTIONS.includes(option))
      throw new InvalidOptionError(
        `options.${option.slice(0, 40)}`,
        `one of ${OPTIONS.join(', ')}`,
        'another option',
        'UNKNOWN_PROPERTY',
      );
  return { args, options: idempotencyKey === undefined ? options : { ...options, idempotencyKey } };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
