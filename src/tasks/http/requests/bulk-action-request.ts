import { validate as isUuid } from 'uuid';
import { InvalidOptionError } from '../../errors.js';
import type { TaskFilter } from '../../store/task-filter.js';
import type { BulkAction } from '../../submission/bulk-action.js';
import { checkJsonLimits } from './json-limits.js';
import { parseListQuery } from './list-query.js';
import { parseTerminate } from './revoke-request.js';
import { objectOf } from './submit-request.js';

export interface BulkActionRequest {
  readonly action: BulkAction;
  readonly filter: TaskFilter;
  readonly terminate: boolean;
  /** Only counts. */
  readonly count: boolean;
  /** Where to go on. */
  readonly cursor: string | undefined;
}

const ACTIONS = ['revoke', 'retry', 'forget'] as const satisfies readonly BulkAction[];
const PAGING = ['sort', 'limit', 'cursor', 'include'];

/** The body of `POST /tasks/bulk-actions`; its filter is the query of the list. @throws InvalidOptionError */
export function parseBulkAction(body: unknown): BulkActionRequest {
  const given = objectOf(body, 'body', ['action', 'filter', 'terminate', 'count', 'cursor']);
  checkJsonLimits(given, 'body');
  const action = ACTIONS.find((known) => known === given.action);
  if (!action) throw new InvalidOptionError('action', ACTIONS.join(', '), given.action, 'INVALID_OPTION');
  const query = objectOf(given.filter, 'filter', Object.keys(Object(given.filter)));
  if (Object.values(query).every((value) => value === undefined || value === ''))
    throw new InvalidOptionError('filter', 'at least one condition', 'none', 'INVALID_FILTER');
  const paging = PAGING.find((name) => name in query);
  if (paging !== undefined)
    throw new InvalidOptionError(`filter.${paging}`, 'only conditions', 'another', 'INVALID_FILTER');
  const { count = false, cursor } = given;
  if (typeof count !== 'boolean') throw new InvalidOptionError('count', 'true or false', count, 'ARG_TYPE');
  if (cursor !== undefined && !isUuid(cursor))
    throw new InvalidOptionError('cursor', 'the nextCursor of the answer before', cursor, 'INVALID_PAGE');
  return {
    action,
    filter: parseListQuery(query).filter,
    terminate: parseTerminate(given.terminate),
    count,
    cursor: cursor as string | undefined,
  };
}
