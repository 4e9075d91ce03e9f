export { EmbeddedPostgresError } from './errors.js';
export {
  startEmbeddedPostgres,
  type EmbeddedPostgres,
  type EmbeddedPostgresOptions,
} from './embedded-postgres.js';
export { PostgresServer, type PostgresServerOptions } from './postgres-server.js';
