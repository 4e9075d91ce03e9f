import { SubmissionUncertainError, TaskNotFoundError } from '../errors.js';

/** What to tell whose task was accepted and has no record to show. */
export function withoutRecord(id: string, cause: unknown): Error {
  if (cause instanceof TaskNotFoundError)
    return new TaskNotFoundError(id, `task ${id} was accepted, and its record has been removed since`);
  // an error without its id would make the caller submit it again
  return new SubmissionUncertainError(id, { cause });
}
