import { InvalidOptionError } from '../../errors.js';
import type { SubmitOptions } from '../../submission/submit-options.js';
import { FORBIDDEN_KEYS, checkJsonLimits } from './json-limits.js';

/** The body of `POST /tasks/:name`. */
export interface SubmitRequest {
  args: unknown[];
  options: SubmitOptions;
}

/** The body of `POST /tasks/bulk`. */
export interface BulkRequest {
  tasks: (SubmitRequest & { name: string })[];
}

/** Options that a request may set; the others are the application's. */
export const SUBMIT_OPTIONS = [
  'queue',
  'priority',
  'countdown',
  'eta',
  'expires',
  'retry',
  'softTimeLimit',
  'timeLimit',
  'acksLate',
  'ignoreResult',
  'storeErrorsEvenIfIgnored',
  'resultExpires',
  'unique',
  'idempotencyKey',
  'tags',
  'headers',
  'meta',
];
export const MAX_BULK = 1000;

/** @throws InvalidOptionError, NotSerializableError */
export function parseSubmitRequest(body: unknown, idempotencyKey: unknown): SubmitRequest {
  const given = objectOf(body, 'body', ['args', 'options']);
  const request = parseTask(given, '');
  if (idempotencyKey === undefined) return request;
  if (typeof idempotencyKey !== 'string')
    throw new InvalidOptionError(
      'Idempotency-Key',
      'one header of this name',
      idempotencyKey,
      'INVALID_IDEMPOTENCY_KEY',
    );
  return { ...request, options: { ...request.options, idempotencyKey } };
}

/** @throws InvalidOptionError, NotSerializableError */
export function parseBulkRequest(body: unknown): BulkRequest {
  const { tasks } = objectOf(body, 'body', ['tasks']);
  if (!Array.isArray(tasks) || tasks.length === 0 || tasks.length > MAX_BULK)
    throw new InvalidOptionError('tasks', `an array of 1 to ${MAX_BULK} tasks`, tasks, 'INVALID_BULK');
  return {
    tasks: tasks.map((task: unknown, i) => {
      const given = objectOf(task, `tasks[${i}]`, ['name', 'args', 'options']);
      if (typeof given.name !== 'string')
        throw new InvalidOptionError(`tasks[${i}].name`, 'a text', given.name, 'INVALID_TASK_NAME');
      return { name: given.name, ...parseTask(given, `tasks[${i}].`) };
    }),
  };
}

function parseTask({ args = [], options = {} }: Record<string, unknown>, at: string): SubmitRequest {
  if (!Array.isArray(args)) throw new InvalidOptionError(`${at}args`, 'an array', args, 'ARG_TYPE');
  checkJsonLimits(args, `${at}args`);
  checkJsonLimits(options, `${at}options`);
  return { args, options: objectOf(options, `${at}options`, SUBMIT_OPTIONS) };
}

/** @throws InvalidOptionError, NotSerializableError */
export function objectOf(value: unknown, path: string, known: readonly string[]): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new InvalidOptionError(
      path,
      'a JSON object',
      value,
      path === 'body' ? 'BODY_MUST_BE_OBJECT' : 'INVALID_OPTION',
    );
  const keys = Object.keys(value);
  if (path === 'body' && keys.length === 0)
    throw new InvalidOptionError(
      path,
      `an object with ${known.join(', ')}`,
      'an empty one',
      'BODY_MUST_BE_OBJECT',
    );
  for (const key of keys) {
    if (FORBIDDEN_KEYS.has(key)) checkJsonLimits(value, path);
    if (!known.includes(key))
      throw new InvalidOptionError(
        `${path}.${key.slice(0, 40)}`,
        `one of ${known.join(', ')}`,
        'another property',
        'UNKNOWN_PROPERTY',
      );
  }
  return value as Record<string, unknown>;
}
