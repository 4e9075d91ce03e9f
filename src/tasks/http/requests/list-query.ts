import { validate as isUuid } from 'uuid';
import { InvalidOptionError } from '../../errors.js';
import { isTaskName } from '../../definition/task-name.js';
import { assertQueueName } from '../../definition/option-checks.js';
import { TASK_STATES, type TaskState } from '../../store/states.js';
import type { TaskFilter } from '../../store/task-filter.js';
import type { TaskSort } from '../../store/task-reader.js';
import type { Page } from '../../submission/page.js';
import { parseRedact } from './redact-query.js';

export interface ListQuery {
  filter: TaskFilter;
  page: Page;
  /** Whether secrets are covered. */
  redact: boolean;
}

const NAMES = [
  'state',
  'name',
  'queue',
  'worker',
  'tag',
  'from',
  'to',
  'search',
  'args',
  'error',
  'parent',
  'sort',
  'limit',
  'cursor',
  'include',
  'redact',
];
export const MAX_SEARCH = 200;
const DAY_MS = 86_400_000;

/** The query of `GET /tasks`. @throws InvalidOptionError */
export function parseListQuery(query: Readonly<Record<string, unknown>>): ListQuery {
  const text = textsOf(query, NAMES);
  const search = text('search');
  if (search !== undefined && search.length > MAX_SEARCH)
    throw new InvalidOptionError('search', `at most ${MAX_SEARCH} characters`, 'more', 'INVALID_SEARCH');
  return {
    filter: {
      state: parseStates(text('state')),
      name: parseName(text('name')),
      queue: parseQueue(text('queue')),
      worker: text('worker'),
      tags: parseTag(text('tag')),
      from: parseTime('from', text('from')),
      to: parseTime('to', text('to')),
      search,
      ...parseArgs(text('args'), text('from')),
      error: parseFingerprint(text('error')),
      parent: parseId('parent', text('parent')),
    },
    page: {
      sort: parseSort(text('sort')),
      limit: parseLimit(text('limit')),
      cursor: text('cursor'),
      include: parseInclude(text('include')),
    },
    redact: parseRedact(text('redact')),
  };
}

/** Arguments are in no index: it looks back a day unless it is told how far. */
function parseArgs(args: string | undefined, from: string | undefined): Pick<TaskFilter, 'args' | 'from'> {
  if (args === undefined) return {};
  if (args.length > MAX_SEARCH)
    throw new InvalidOptionError('args', `at most ${MAX_SEARCH} characters`, 'more', 'INVALID_SEARCH');
  return { args, ...(from === undefined && { from: new Date(Date.now() - DAY_MS) }) };
}

/** @throws InvalidOptionError */
export function parseFingerprint(text: string | undefined): string | undefined {
  if (text === undefined || /^[\da-f]{16}$/.test(text)) return text;
  throw filterError('error', 'the fingerprint of a group of errors');
}

function parseId(name: string, text: string | undefined): string | undefined {
  if (text === undefined || isUuid(text)) return text;
  throw filterError(name, 'the id of a task');
}

/** Reads a query of these names, each of which may be given once. @throws InvalidOptionError */
export function textsOf(
  query: Readonly<Record<string, unknown>>,
  names: readonly string[],
): (name: string) => string | undefined {
  for (const name of Object.keys(query))
    if (!names.includes(name)) throw filterError(name.slice(0, 40), `one of ${names.join(', ')}`);
  return (name) => {
    const value = query[name];
    if (value === undefined || value === '') return undefined;
    if (typeof value !== 'string' || value.includes('\0')) throw filterError(name, 'given once, as a text');
    return value;
  };
}

function parseStates(text: string | undefined): TaskState[] | undefined {
  return text
    ?.toUpperCase()
    .split(',')
    .map((state) => {
      if (!(TASK_STATES as readonly string[]).includes(state))
        throw filterError('state', `one or more of ${TASK_STATES.join(',')}`);
      return state as TaskState;
    });
}

/** @throws InvalidOptionError */
export function parseName(text: string | undefined): string | undefined {
  if (text === undefined || isTaskName(text.replace(/\.?\*$/, '') || 'x')) return text;
  throw filterError('name', "a task's name, or the beginning of one such as 'email.*'");
}

function parseQueue(text: string | undefined): string | undefined {
  return text === undefined ? undefined : assertQueueName(text);
}

function parseTag(text: string | undefined): Record<string, string> | undefined {
  if (text === undefined) return undefined;
  const at = text.indexOf(':');
  if (at < 1 || text.length > 301) throw filterError('tag', "a name and a value, such as 'user:42'");
  return { [text.slice(0, at)]: text.slice(at + 1) };
}

/** @throws InvalidOptionError */
export function parseTime(name: string, text: string | undefined): Date | undefined {
  if (text === undefined) return undefined;
  const date = /^\d{4}-\d{2}-\d{2}T[\d:.]+(Z|[+-]\d{2}:?\d{2})$/.test(text)
    ? new Date(text)
    : new Date(Number.NaN);
  if (Number.isNaN(date.getTime()))
    throw new InvalidOptionError(name, 'an ISO 8601 time with a zone', 'something else', 'INVALID_DATE');
  return date;
}

function parseSort(text: string | undefined): TaskSort | undefined {
  if (text === undefined || text === 'createdAt' || text === '-createdAt') return text;
  throw new InvalidOptionError('sort', 'createdAt or -createdAt', 'something else', 'INVALID_SORT');
}

/** @throws InvalidOptionError */
export function parseLimit(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const limit = /^\d{1,3}$/.test(text) ? Number(text) : 0;
  if (limit < 1 || limit > 200)
    throw new InvalidOptionError('limit', 'a whole number from 1 to 200', 'something else', 'INVALID_PAGE');
  return limit;
}

function parseInclude(text: string | undefined): ('args' | 'result')[] | undefined {
  return text?.split(',').map((part) => {
    if (part !== 'args' && part !== 'result') throw filterError('include', 'args, result or both');
    return part;
  });
}

const filterError = (name: string, expected: string) =>
  new InvalidOptionError(name, expected, 'something else', 'INVALID_FILTER');
