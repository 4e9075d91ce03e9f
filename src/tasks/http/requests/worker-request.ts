import { validate as isUuid } from 'uuid';
import { toMilliseconds } from '../../duration.js';
import { InvalidOptionError } from '../../errors.js';
import { INSPECTIONS, type Inspection } from '../../control/remote/commands.js';
import { checkJsonLimits } from './json-limits.js';
import { objectOf } from './submit-request.js';

const MAX_TIMEOUT_MS = 60_000;

/** What `GET /tasks/workers/:id/:what` may ask: all that needs no parameters. */
export const WORKER_QUESTIONS = INSPECTIONS.filter((what) => what !== 'query_task').map((what) =>
  what.replaceAll('_', '-'),
);

/** @throws InvalidOptionError */
export function parseQuestion(what: string): Exclude<Inspection, 'query_task'> {
  const found = INSPECTIONS.find((known) => known === what.replaceAll('-', '_'));
  if (found !== undefined && found !== 'query_task') return found;
  throw new InvalidOptionError('what', `one of ${WORKER_QUESTIONS.join(', ')}`, what, 'INVALID_QUESTION');
}

/** One worker, by its id or its name. @throws InvalidOptionError */
export function assertWorker(worker: string): string {
  if (isUuid(worker) || /^[\w.@:%+-]{1,200}$/.test(worker)) return worker;
  throw new InvalidOptionError('id', 'the id or the name of a worker', worker, 'INVALID_ID');
}

/** `?timeout=5s`: how long to wait for the worker. @throws InvalidOptionError */
export function parseTimeout(timeout: unknown): number | undefined {
  if (timeout === undefined) return undefined;
  if (typeof timeout !== 'string')
    throw new InvalidOptionError('timeout', "one duration such as '5s'", timeout, 'INVALID_DELAY');
  const ms = toMilliseconds(/^\d+$/.test(timeout) ? Number(timeout) : timeout, 'timeout', 'INVALID_DELAY');
  return Math.min(MAX_TIMEOUT_MS, ms);
}

/** A body with these properties, which may be left out when all may be. @throws InvalidOptionError, NotSerializableError */
export function parseParams(body: unknown, names: readonly string[]): Record<string, unknown> {
  if (body === undefined || body === null) return {};
  if (typeof body === 'object' && !Array.isArray(body) && Object.keys(body).length === 0) return {};
  const given = objectOf(body, 'body', names);
  checkJsonLimits(given, 'body');
  return given;
}
