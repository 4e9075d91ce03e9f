import { validate as isUuid } from 'uuid';
import { InvalidOptionError } from '../errors.js';
import type { TaskSort } from '../store/task-reader.js';

/** Which part of a list, and how. */
export interface Page {
  /** 1 to 200. Default 50. */
  limit?: number | undefined;
  /** The `nextCursor` of the page before. */
  cursor?: string | undefined;
  /** Oldest or newest first. Default '-createdAt'. */
  sort?: TaskSort | undefined;
  /** What lists otherwise leave out. Default: neither. */
  include?: readonly ('args' | 'result')[] | undefined;
}

/** @throws InvalidOptionError */
export function assertPage({ limit = 50, cursor }: Page): { limit: number; cursor: string | undefined } {
  if (!Number.isInteger(limit) || limit < 1 || limit > 200)
    throw new InvalidOptionError('limit', 'a whole number from 1 to 200', limit, 'INVALID_PAGE');
  if (cursor !== undefined && !isUuid(cursor))
    throw new InvalidOptionError('cursor', 'the nextCursor of the page before', cursor, 'INVALID_PAGE');
  return { limit, cursor };
}
