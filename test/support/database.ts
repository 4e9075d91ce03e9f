import { Client, Pool } from 'pg';

const serverUrl = process.env.TEST_DATABASE_URL!;
let count = 0;

export interface TestDatabase {
  readonly url: string;
  readonly sql: Pool;
  /** Drops it; fails when a connection of the test's is still open, which would be a leak. */
  drop(): Promise<void>;
  /** Drops it with whatever is connected: Nest closes nothing of an application that failed to start. */
  discard(): Promise<void>;
}

/** An empty database of its own for one test file. */
export async function createDatabase(): Promise<TestDatabase> {
  const name = `test_${process.pid}_${process.env.JEST_WORKER_ID ?? 0}_${++count}_${Date.now()}`;
  await onServer(`CREATE DATABASE ${name}`);
  const url = new URL(serverUrl);
  url.pathname = `/${name}`;
  const sql = new Pool({ connectionString: url.toString(), max: 4 });
  sql.on('error', () => undefined);
  return {
    url: url.toString(),
    sql,
    async discard() {
      await sql.end();
      await onServer(`DROP DATABASE ${name} WITH (FORCE)`);
    },
    async drop() {
      await sql.end();
      const leaked = await connectionsOf(name);
      await onServer(`DROP DATABASE ${name} WITH (FORCE)`);
      if (leaked.length > 0) throw new Error(`left open on ${name}: ${leaked.join(', ')}`);
    },
  };
}

/** A server frees a connection a moment after its client has closed it. */
async function connectionsOf(name: string): Promise<string[]> {
  const client = new Client({ connectionString: serverUrl });
  await client.connect();
  try {
    for (const deadline = Date.now() + 15_000; ;) {
      const { rows } = await client.query<{ what: string }>(
        `SELECT application_name || ': ' || left(query, 60) AS what FROM pg_stat_activity WHERE datname = $1`,
        [name],
      );
      if (rows.length === 0 || Date.now() > deadline) return rows.map((row) => row.what);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  } finally {
    await client.end();
  }
}

async function onServer(text: string): Promise<void> {
  const client = new Client({ connectionString: serverUrl });
  await client.connect();
  await client.query(text);
  await client.end();
}
