import type { DataSource } from 'typeorm';
import { assertSchemaName } from '../store/schema-name.js';
import { tablesOf } from '../store/tables.js';

const UNDEFINED_TABLE = '42P01';

/**
 * Where the application's crontabs stand that name no zone, as its workers said last; undefined when there was none.
 * @throws InvalidOptionError for a schema that cannot be one
 */
export async function applicationZone(dataSource: DataSource, schema: string): Promise<string | undefined> {
  const { worker } = tablesOf(assertSchemaName(schema));
  try {
    const [row] = await dataSource.query<{ timezone: string }[]>(
      `SELECT info->>'timezone' AS timezone FROM ${worker} WHERE info->>'timezone' IS NOT NULL
       ORDER BY dead_at IS NULL DESC, alive_since DESC LIMIT 1`,
    );
    return row?.timezone;
  } catch (error) {
    // not migrated: that is said when the library starts
    if ((error as { code?: unknown }).code === UNDEFINED_TABLE) return undefined;
    throw error;
  }
}
