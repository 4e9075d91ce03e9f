import { environment } from './environment.js';
import { masked } from './masked.js';

/** The server cannot be reached: it may be down for a moment, or start later than this process. */
const UNREACHABLE = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'ETIMEDOUT',
]);
/** SQLSTATEs of a server that has answered: wrong credentials, no such database, no right, no more connections. */
const REFUSED = /^(28...|3D000|42501|53300|57P03)$/;

/** Whether connecting may go well when it is only tried again: not with a wrong password or name. */
export function mayPass(error: unknown): boolean {
  const { code } = (error ?? {}) as NodeJS.ErrnoException;
  return code === undefined || !REFUSED.test(code) || code === '53300' || code === '57P03';
}

/** Why there is no connection to the database, and what to do; undefined if this is another error. */
export function explainDatabaseError(error: Error): string | undefined {
  const { code } = error as NodeJS.ErrnoException;
  if (environment.DATABASE_URL === undefined || code === undefined) return undefined;
  const url = masked(environment.DATABASE_URL);
  // one name may stand for several addresses: then each has an error, and all of them together have no message
  const reason =
    error instanceof AggregateError
      ? error.errors.map((each: Error) => each.message).join(', ')
      : error.message;
  if (UNREACHABLE.has(code))
    return `DATABASE_URL: ${url} cannot be reached (${reason}). Start that database, or correct the URL${otherwise()}.`;
  if (REFUSED.test(code))
    return `DATABASE_URL: ${url} refuses (${reason}). Correct the user, password or database in the URL, or the rights there${otherwise()}.`;
  return undefined;
}

function otherwise(): string {
  return environment.NODE_ENV === 'production' ? '' : '; without DATABASE_URL an embedded database is used';
}
