import { mkdtemp, rm } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import autocannon from 'autocannon';
import { Pool } from 'pg';
import { PostgresServer } from '#dist/tasks/embedded/index.js';
import { median, n } from '../compare.js';
import { listeners } from './listeners.js';
import { underListeners } from './listened.js';
import { startServer } from './start-server.js';

/**
 * `npm run bench:http`: `POST /tasks/math.add` against an empty Nest route that validates the same body, alternating in
 * one run; then event streams, and what they cost a worker under full load. BENCH names the parts to run (submit,
 * listeners,load). Load generator, server and Postgres share this machine. BENCH_PAIRS and BENCH_SECONDS make it shorter.
 */
const pairs = Number(process.env.BENCH_PAIRS ?? 5);
const seconds = Number(process.env.BENCH_SECONDS ?? 5);
const parts = (process.env.BENCH ?? 'submit,listeners,load').split(',');
const CONNECTIONS = 100;
const BAR = 0.7;

const directory = await mkdtemp(join(tmpdir(), 'celeriac-bench-'));
const postgres = await PostgresServer.create({ directory });
await postgres.start();
const sql = new Pool({ connectionString: postgres.url, max: 1 });
console.log(
  `node ${process.version}, ${cpus().length} × ${cpus()[0]?.model}; ${CONNECTIONS} connections, medians of ${pairs} pairs of ${seconds} s\n`,
);
try {
  if (parts.includes('submit')) for (const adapter of ['express', 'fastify']) await compare(adapter);
  if (parts.includes('listeners')) await listeners(postgres.url, 1000);
  if (parts.includes('load')) await underListeners(postgres.url, sql, 1000, pairs);
} finally {
  await sql.end();
  await postgres.stop('fast');
  await rm(directory, { recursive: true, force: true });
}

async function compare(adapter: string): Promise<void> {
  const server = await startServer(adapter, postgres.url);
  const { url } = server;
  const ours: number[] = [];
  const empty: number[] = [];
  for (let i = -1; i < pairs; i++) {
    const a = await accepted(`${url}/tasks/math.add`);
    await assertStored(a);
    await sql.query('TRUNCATE celeriac.task');
    const b = await accepted(`${url}/empty/math.add`);
    // the first round does not count
    if (i < 0) continue;
    ours.push(a / seconds);
    empty.push(b / seconds);
  }
  const ratios = ours.map((x, i) => x / empty[i]!);
  console.log(
    `${adapter}: POST /tasks/math.add ${n(median(ours))}/s\n  an empty route that validates the same body: ${n(median(empty))}/s\n` +
      `  ratio ${median(ratios).toFixed(2)} (bar ${BAR}; ${ratios.map((ratio) => ratio.toFixed(2)).join(' ')})\n`,
  );
  await server.stop();
}

/** How many requests were answered; everyone must be with 202. */
async function accepted(url: string): Promise<number> {
  const result = await autocannon({
    url,
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '{"args":[2,3]}',
    connections: CONNECTIONS,
    duration: seconds,
  });
  if (result.non2xx + result.errors > 0)
    throw new Error(`${result.non2xx} answers were no 202, ${result.errors} connections failed`);
  return result['2xx'];
}

/** Accepted means committed: each answer has its row. */
async function assertStored(answered: number): Promise<void> {
  const { rows } = await sql.query<{ n: string }>('SELECT count(*) AS n FROM celeriac.task');
  if (Number(rows[0]!.n) < answered) throw new Error(`${answered} accepted, ${rows[0]!.n} stored`);
}
