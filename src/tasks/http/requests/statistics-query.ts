import { validate as isUuid } from 'uuid';
import { InvalidOptionError } from '../../errors.js';
import { isTaskName } from '../../definition/task-name.js';
import { assertQueueName } from '../../definition/option-checks.js';
import { MAX_SEARCH, parseLimit, parseTime, textsOf } from './list-query.js';

type Query = Readonly<Record<string, unknown>>;

/** The query of `GET /tasks/stats`. @throws InvalidOptionError */
export function parseStatisticsQuery(query: Query) {
  const text = textsOf(query, ['window', 'name', 'queue']);
  const queue = text('queue');
  return {
    window: text('window') ?? '1h',
    name: exactName(text('name')),
    queue: queue === undefined ? undefined : assertQueueName(queue),
  };
}

/** The query of `GET /tasks/errors`. @throws InvalidOptionError */
export function parseErrorsQuery(query: Query) {
  const text = textsOf(query, ['search', 'name', 'from', 'limit']);
  const search = text('search');
  if (search !== undefined && search.length > MAX_SEARCH)
    throw new InvalidOptionError('search', `at most ${MAX_SEARCH} characters`, 'more', 'INVALID_SEARCH');
  return {
    search,
    name: exactName(text('name')),
    since: parseTime('from', text('from')),
    limit: parseLimit(text('limit')) ?? 100,
  };
}

/** The query of `GET /tasks/audit`. @throws InvalidOptionError */
export function parseAuditQuery(query: Query) {
  const text = textsOf(query, ['task', 'limit', 'cursor']);
  const [task, cursor] = [text('task'), text('cursor')];
  if (task !== undefined && !isUuid(task))
    throw new InvalidOptionError('task', 'the id of a task', 'something else', 'INVALID_FILTER');
  if (cursor !== undefined && !/^\d{1,18}$/.test(cursor))
    throw new InvalidOptionError(
      'cursor',
      'the nextCursor of the page before',
      'something else',
      'INVALID_PAGE',
    );
  return { taskId: task, before: cursor, limit: parseLimit(text('limit')) ?? 100 };
}

function exactName(name: string | undefined): string | undefined {
  if (name === undefined || isTaskName(name)) return name;
  throw new InvalidOptionError('name', 'the name of a task', 'something else', 'INVALID_FILTER');
}
