import { isTaskName } from '../../definition/task-name.js';
import { InvalidOptionError } from '../../errors.js';
import { SPEC_FIELDS } from '../../schedule/schedule-spec.js';
import type { NewSchedule } from '../../schedule/schedule-spec.js';
import type { ScheduleChanges } from '../../schedule/schedule.service.js';
import type { ScheduleListing } from '../../store/schedule-store.js';
import { checkJsonLimits } from './json-limits.js';
import { parseName } from './list-query.js';
import { objectOf } from './submit-request.js';

const FIELDS = ['name', ...SPEC_FIELDS, 'enabled'];
const QUERY = ['task', 'enabled', 'search', 'limit', 'cursor'];

/** The body of `POST /tasks/schedules`; what its fields say is checked with their task. */
export function parseNewSchedule(body: unknown): NewSchedule {
  const given = fieldsOf(body);
  if (given.name === undefined) throw new InvalidOptionError('name', 'a text', undefined, 'ARG_REQUIRED');
  if (given.task === undefined)
    throw new InvalidOptionError('task', 'the name of a task', undefined, 'ARG_REQUIRED');
  assertTask(given.task);
  return withoutNulls(given) as unknown as NewSchedule;
}

/** The body of `POST /tasks/schedules/preview`. */
export function parseSchedulePreview(body: unknown): Partial<NewSchedule> {
  const given = withoutNulls(fieldsOf(body));
  if (given.task !== undefined) assertTask(given.task);
  return given;
}

/** The body of `PATCH /tasks/schedules/:id`: null takes a field back. */
export function parseScheduleChanges(body: unknown): ScheduleChanges {
  const given = fieldsOf(body);
  for (const field of ['name', 'task'])
    if (given[field] === null) throw new InvalidOptionError(field, 'a text', null, 'ARG_TYPE');
  if (given.task !== undefined) assertTask(given.task);
  return given;
}

/** The query of `GET /tasks/schedules`. */
export function parseScheduleList(query: Readonly<Record<string, unknown>>): {
  filter: ScheduleListing;
  page: { limit?: number | undefined; cursor?: string | undefined };
} {
  for (const name of Object.keys(query))
    if (!QUERY.includes(name)) throw filterError(name.slice(0, 40), `one of ${QUERY.join(', ')}`);
  const text = (name: string) => {
    const value = query[name];
    if (value === undefined || value === '') return undefined;
    if (typeof value !== 'string' || value.length > 200 || value.includes('\0') || !value.isWellFormed())
      throw filterError(name, 'given once, as a text of at most 200 characters');
    return value;
  };
  const enabled = text('enabled');
  if (enabled !== undefined && enabled !== 'true' && enabled !== 'false')
    throw filterError('enabled', 'true or false');
  const limit = text('limit');
  if (limit !== undefined && !/^\d{1,3}$/.test(limit))
    throw new InvalidOptionError('limit', 'a whole number from 1 to 200', 'something else', 'INVALID_PAGE');
  return {
    filter: {
      task: parseName(text('task')),
      enabled: enabled === undefined ? undefined : enabled === 'true',
      search: text('search'),
    },
    page: { limit: limit === undefined ? undefined : Number(limit), cursor: text('cursor') },
  };
}

function assertTask(task: unknown): void {
  if (!isTaskName(task))
    throw new InvalidOptionError('task', 'the name of a task', task, 'INVALID_TASK_NAME');
}

function fieldsOf(body: unknown): Record<string, unknown> {
  const given = objectOf(body, 'body', FIELDS);
  checkJsonLimits(given, 'body');
  return given;
}

function withoutNulls(given: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== null));
}

const filterError = (name: string, expected: string) =>
  new InvalidOptionError(name, expected, 'something else', 'INVALID_FILTER');
