import { CeleriacError } from '../errors.js';

/** The embedded Postgres cannot be created, started or reached; the message says what to do. */
export class EmbeddedPostgresError extends CeleriacError {
  readonly code = 'EMBEDDED_POSTGRES';
}
