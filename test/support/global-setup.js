import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PostgresServer } from '#dist/tasks/embedded/index.js';

/** One throw-away server for the whole run; each test file makes a database of its own on it. */
export default async function setup() {
  const directory = await mkdtemp(join(tmpdir(), 'celeriac-test-'));
  // these tests never take the machine's power away, so nothing needs to reach the disk
  const server = await PostgresServer.create({ directory, settings: { fsync: 'off' } });
  await server.start();
  process.env.TEST_DATABASE_URL = server.url;
  globalThis.testServer = { server, directory };
}
