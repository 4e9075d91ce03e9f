import { validate as isUuid } from 'uuid';
import { assertQueueName } from '../../definition/option-checks.js';
import { assertTexts, type Texts } from '../../definition/texts.js';
import { InvalidOptionError } from '../../errors.js';
import type { LiveFilter } from '../../store/task-filter.js';
import { checkJsonLimits } from './json-limits.js';
import { parseName } from './list-query.js';
import { objectOf } from './submit-request.js';

export const MAX_IDS = 1000;
const FILTERS = ['ids', 'name', 'queue', 'tags'];

/** The body of `POST /tasks/revoke`. @throws InvalidOptionError, NotSerializableError */
export function parseRevokeMany(body: unknown): { filter: LiveFilter; terminate: boolean } {
  const given = objectOf(body, 'body', [...FILTERS, 'terminate']);
  checkJsonLimits(given, 'body');
  if (FILTERS.every((name) => given[name] === undefined))
    throw new InvalidOptionError('body', `at least one of ${FILTERS.join(', ')}`, 'none', 'INVALID_FILTER');
  return {
    filter: {
      ids: parseIds(given.ids),
      name: parseName(textOf(given, 'name')),
      queue: given.queue === undefined ? undefined : assertQueueName(textOf(given, 'queue')!),
      tags: parseTags(given.tags),
    },
    terminate: parseTerminate(given.terminate),
  };
}

/** @throws InvalidOptionError */
export function parseTerminate(terminate: unknown = false): boolean {
  if (typeof terminate === 'boolean') return terminate;
  throw new InvalidOptionError('terminate', 'true or false', terminate, 'ARG_TYPE');
}

function parseIds(ids: unknown): string[] | undefined {
  if (ids === undefined) return undefined;
  if (!Array.isArray(ids) || ids.length === 0 || ids.length > MAX_IDS)
    throw new InvalidOptionError('ids', `an array of 1 to ${MAX_IDS} ids`, ids, 'INVALID_FILTER');
  return ids.map((id: unknown, i) => {
    if (isUuid(id)) return id as string;
    throw new InvalidOptionError(`ids[${i}]`, 'a UUID', id, 'INVALID_ID');
  });
}

function parseTags(tags: unknown): Texts | undefined {
  if (tags === undefined) return undefined;
  const texts = assertTexts(tags, 'tags');
  // none would fit every task
  if (Object.keys(texts).length > 0) return texts;
  throw new InvalidOptionError('tags', 'at least one', 'none', 'INVALID_FILTER');
}

function textOf(given: Record<string, unknown>, name: string): string | undefined {
  const value = given[name];
  if (value === undefined || typeof value === 'string') return value;
  throw new InvalidOptionError(name, 'a text', value, 'INVALID_FILTER');
}
