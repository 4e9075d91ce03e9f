import { DataSource } from 'typeorm';
import { Migrator } from './migrator.js';
import { createPrivateDataSource, postgresOptions } from './private-data-source.js';
import { assertSchemaName } from './schema-name.js';

export interface MigrateOptions {
  readonly schema: string;
  /** Past a transaction pooler, if there is one. */
  readonly directUrl?: string | undefined;
  /** Changes nothing. */
  readonly check: boolean;
}

/** Brings the schema up to date without the application. @returns how many migrations were done, or are to be done */
export async function migrate(url: string, { schema, directUrl, check }: MigrateOptions): Promise<number> {
  const application = new DataSource({ type: 'postgres', url, connectTimeoutMS: 5000 });
  const dataSource = createPrivateDataSource(postgresOptions(application.options), assertSchemaName(schema));
  try {
    await dataSource.initialize();
    const migrator = new Migrator(dataSource, schema, { connectionString: directUrl ?? url });
    return check ? await migrator.pending() : await migrator.run();
  } finally {
    if (dataSource.isInitialized) await dataSource.destroy();
  }
}
