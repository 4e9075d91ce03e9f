import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Pool } from 'pg';
import { PostgresServer } from '#dist/tasks/embedded/index.js';
import type { TestDatabase } from './database.js';

/** A Postgres server of a test's own, which may be killed; as a database of a scenario it stops with it. */
export async function startPrivatePostgres(): Promise<{ server: PostgresServer; database: TestDatabase }> {
  const directory = await mkdtemp(join(tmpdir(), 'celeriac-private-'));
  const server = await PostgresServer.create({ directory });
  await server.start();
  const sql = new Pool({ connectionString: server.url, max: 4, application_name: 'test' });
  // idle connections break when the server is killed
  sql.on('error', () => undefined);
  const remove = async () => {
    await sql.end();
    await server.stop('fast');
    await rm(directory, { recursive: true, force: true });
  };
  return {
    server,
    database: {
      url: server.url,
      sql,
      drop: remove,
      discard: remove,
    },
  };
}
