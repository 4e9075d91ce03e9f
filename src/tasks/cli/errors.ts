import { CommanderError } from 'commander';
import { CeleriacError } from '../errors.js';
import { isTransient } from '../store/database.js';
import { EXIT, type ExitCode } from './exit-codes.js';

/** What the user is told, without a stack. */
export class CliError extends CeleriacError {
  readonly code: string;

  constructor(
    message: string,
    readonly exitCode: ExitCode,
    code = 'CLI',
  ) {
    super(message);
    this.code = code;
  }
}

const BY_CODE: Readonly<Record<string, ExitCode>> = {
  TASK_NOT_FOUND: EXIT.notFound,
  UNKNOWN_WORKER: EXIT.notFound,
  UNKNOWN_QUEUE: EXIT.notFound,
  SCHEDULE_NOT_FOUND: EXIT.notFound,
  SCHEDULE_EXISTS: EXIT.failed,
  SCHEDULE_DECLARED: EXIT.failed,
  TASK_STATE_CONFLICT: EXIT.failed,
  TASK_FAILED: EXIT.failed,
  TASK_REVOKED: EXIT.failed,
  CONTROL_REFUSED: EXIT.failed,
  UNIQUE_CONFLICT: EXIT.failed,
  IDEMPOTENCY_CONFLICT: EXIT.failed,
  QUEUE_FULL: EXIT.failed,
  RESULT_TIMEOUT: EXIT.timeout,
  STORE_UNAVAILABLE: EXIT.unreachable,
  SUBMISSION_UNCERTAIN: EXIT.unreachable,
  BROKER_UNAVAILABLE: EXIT.unreachable,
  BROKER_REFUSED: EXIT.unreachable,
  MIGRATIONS_PENDING: EXIT.unreachable,
  EMBEDDED_POSTGRES: EXIT.unreachable,
  MISSING_PACKAGE: EXIT.unreachable,
};

export interface Explained {
  readonly code: string;
  readonly message: string;
  readonly exitCode: ExitCode;
  /** Only for mistakes of celeriac's own. */
  readonly stack?: string | undefined;
}

/** What went wrong, and what the exit code says of it; undefined when commander has said all (help, usage). */
export function explain(error: unknown): Explained | undefined {
  if (error instanceof CommanderError) return undefined;
  if (error instanceof CliError)
    return { code: error.code, message: error.message, exitCode: error.exitCode };
  if (error instanceof CeleriacError) {
    const message =
      error.code === 'MIGRATIONS_PENDING'
        ? `${error.message}, or run: celeriac migrate`
        : error.message.replace(/^directUrl:/, '--direct-database-url (DIRECT_DATABASE_URL):');
    return { code: error.code, message, exitCode: BY_CODE[error.code] ?? EXIT.usage };
  }
  const { code, message, stack } = error as Error & { code?: unknown };
  if (isTransient(error) || isRefusal(code))
    return {
      code: 'STORE_UNAVAILABLE',
      message: `the database cannot be reached: ${message || String(code)}`,
      exitCode: EXIT.unreachable,
    };
  return { code: 'INTERNAL', message: message || String(error), exitCode: EXIT.internal, stack };
}

/** Wrong password, no such role or database. */
const isRefusal = (code: unknown) => typeof code === 'string' && /^(28...|3D000|42501)$/.test(code);
