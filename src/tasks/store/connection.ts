import type { ClientConfig } from 'pg';
import type { PostgresDataSourceOptions } from 'typeorm/driver/postgres/PostgresDataSourceOptions.js';

/** How to reach the database, for connections that TypeORM does not make. */
export interface ConnectionSettings {
  /** For statements; may lead through a transaction pooler. */
  readonly statements: ClientConfig;
  /** For LISTEN and session locks; must lead to Postgres itself. */
  readonly direct: ClientConfig;
  /** Whether `statements` goes through a transaction pooler: no session state, no named statements. */
  readonly pooled: boolean;
}

/** Reads a TypeORM DataSource's options as TypeORM itself does (PostgresDriver.createPool). */
export function connectionSettings(
  options: PostgresDataSourceOptions,
  directUrl: string | undefined,
): ConnectionSettings {
  const credentials = { ...options, ...options.replication?.master };
  const statements: ClientConfig = {
    ...defined({
      connectionString: credentials.url,
      host: credentials.host,
      port: credentials.port,
      user: credentials.username,
      password: credentials.password,
      database: credentials.database,
      // TypeORM types it as a server's options; it hands it to pg as it is
      ssl: credentials.ssl as ClientConfig['ssl'],
    }),
    ...(options.extra as ClientConfig | undefined),
    application_name: 'celeriac',
    keepAlive: true,
  };
  const direct = directUrl === undefined ? statements : { ...statements, connectionString: directUrl };
  return { statements, direct, pooled: directUrl !== undefined };
}

function defined<T extends object>(fields: T): Partial<{ [K in keyof T]: NonNullable<T[K]> }> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as never;
}
