import type { Pool } from 'pg';

/** Everything that is defined in a schema, as sorted lines: columns, indexes, constraints and enum values. */
export async function dumpSchema(sql: Pool, schema: string): Promise<string[]> {
  const { rows } = await sql.query<{ line: string }>(
    `SELECT format('column %s.%s #%s %s null=%s default=%s', table_name, column_name, ordinal_position, udt_name,
       is_nullable, column_default) AS line FROM information_schema.columns WHERE table_schema = $1
     UNION ALL SELECT 'index ' || indexdef FROM pg_indexes WHERE schemaname = $1
     UNION ALL SELECT format('constraint %s %s', conrelid::regclass, pg_get_constraintdef(oid))
       FROM pg_constraint WHERE connamespace = $1::regnamespace
     UNION ALL SELECT format('enum %s %s', t.typname, e.enumlabel)
       FROM pg_enum e JOIN pg_type t ON t.oid = e.enumtypid WHERE t.typnamespace = $1::regnamespace
     UNION ALL SELECT format('table %s %s %s', relname, relkind, reloptions)
       FROM pg_class WHERE relnamespace = $1::regnamespace AND relkind IN ('r', 'p', 'v')
     ORDER BY 1`,
    [schema],
  );
  return rows.map((row) => row.line);
}

/** The tables of a schema, by name. */
export async function tablesIn(sql: Pool, schema: string): Promise<string[]> {
  const { rows } = await sql.query<{ name: string }>(
    'SELECT tablename AS name FROM pg_tables WHERE schemaname = $1 ORDER BY 1',
    [schema],
  );
  return rows.map((row) => row.name);
}
