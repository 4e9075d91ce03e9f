import { InvalidOptionError } from '../errors.js';

/**
 * A schema name that is safe inside statements and short enough for channel names.
 * @throws InvalidOptionError
 */
export function assertSchemaName(schema: unknown): string {
  if (typeof schema === 'string' && /^[a-z_][a-z0-9_]{0,47}$/.test(schema) && !schema.startsWith('pg_'))
    return schema;
  throw new InvalidOptionError(
    'schema',
    'a Postgres schema name of a-z, 0-9 and _, at most 48 characters',
    schema,
  );
}
