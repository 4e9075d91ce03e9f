import { InvalidOptionError, TaskNotFoundError, TaskStateError } from '../errors.js';
import { FINAL_STATES, TASK_STATES, isFinal, type TaskState } from '../store/states.js';
import type { TaskFilter } from '../store/task-filter.js';
import { COUNT_CAP, type TaskReader } from '../store/task-reader.js';
import type { Operator } from './operator.js';
import { assertPage } from './page.js';

/** What can be done to many tasks, each with its entry in the audit trail. */
export type BulkAction = 'revoke' | 'retry' | 'forget';

/** What a call for many tasks came to. */
export interface BulkResult {
  /** How many it was done to. */
  done: number;
  /** How many had moved on meanwhile. */
  skipped: number;
  /** Whether there may be more that fit: call again. */
  more: boolean;
  /** Where to go on, so that none is taken twice; null when there are no more. */
  nextCursor: string | null;
}

/** How it is done to many. */
export interface BulkOptions {
  /** Revoked ones are written off at once. */
  terminate?: boolean;
  /** Who asks, for the audit. */
  by?: string;
  /** The `nextCursor` of the call before. */
  cursor?: string | undefined;
}

const CHUNK = 200;
const AT_ONCE = 6;

/** The states in which it can be done. */
const STATES: Readonly<Record<BulkAction, readonly TaskState[]>> = {
  revoke: TASK_STATES.filter((state) => !isFinal(state)),
  retry: ['FAILURE', 'REVOKED'],
  forget: FINAL_STATES,
};

/** The filter, and only tasks to which it can be done. */
export function narrowed(action: BulkAction, filter: TaskFilter): TaskFilter {
  const wanted = filter.state === undefined ? undefined : [filter.state].flat();
  return { ...filter, state: STATES[action].filter((state) => wanted?.includes(state) ?? true) };
}

/** In chunks, oldest first, at most {@link COUNT_CAP}; who breaks it off has what was done. @throws InvalidOptionError */
export async function actOnMany(
  operator: Pick<Operator, BulkAction>,
  reader: Pick<TaskReader, 'ids'>,
  action: BulkAction,
  filter: TaskFilter,
  { cursor, ...options }: BulkOptions,
): Promise<BulkResult> {
  if (Object.values(filter).every((condition) => condition === undefined))
    throw new InvalidOptionError('filter', 'at least one condition', 'none');
  let after = assertPage({ cursor }).cursor;
  const fitting = narrowed(action, filter);
  const result: BulkResult = { done: 0, skipped: 0, more: false, nextCursor: null };
  if ([fitting.state].flat().length === 0) return result;
  do {
    const { ids, next } = await reader.ids(fitting, { limit: CHUNK, after, sort: 'createdAt' });
    await inTurns(ids, async (id) => {
      if (await succeeds(operator[action](id, options))) result.done++;
      else result.skipped++;
    });
    if (next === null) return result;
    after = next;
  } while (result.done + result.skipped < COUNT_CAP);
  return { ...result, more: true, nextCursor: after };
}

async function succeeds(work: Promise<unknown>): Promise<boolean> {
  try {
    await work;
    return true;
  } catch (error) {
    // somebody else was faster
    if (error instanceof TaskStateError || error instanceof TaskNotFoundError) return false;
    throw error;
  }
}

async function inTurns<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const waiting = [...items];
  const lane = async () => {
    for (let item = waiting.shift(); item !== undefined; item = waiting.shift()) await work(item);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, lane));
}
