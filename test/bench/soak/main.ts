import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { cpus, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Pool } from 'pg';
import { PostgresServer } from '#dist/tasks/embedded/index.js';
import { n } from '../compare.js';
import { plot } from './plot.js';
import { SoakProcess } from './process.js';
import { readDatabase, type Sample } from './sample.js';
import { slopeOf } from './slope.js';

/**
 * `npm run soak`: SOAK_RATE tasks a second (default 3,000) for SOAK_MINUTES (default 60), one producer and two workers
 * on a private Postgres with its durable defaults; records are kept for SOAK_KEEP (default 1 minute), so that after
 * that time as much must be removed as comes. A sample each 10 s; a table, the slopes of the second half, and a picture
 * (SOAK_PLOT, default soak.svg).
 */
const minutes = Number(process.env.SOAK_MINUTES ?? 60);
const rate = Number(process.env.SOAK_RATE ?? 3000);
const keep = process.env.SOAK_KEEP ?? '1 minute';
const picture = process.env.SOAK_PLOT ?? 'soak.svg';
const SAMPLE_MS = 10_000;
const MIB = 2 ** 20;

const directory = await mkdtemp(join(tmpdir(), 'celeriac-soak-'));
const server = await PostgresServer.create({ directory });
await server.start();
const sql = new Pool({ connectionString: server.url, max: 2 });
sql.on('error', () => undefined);
// the first one makes the tables
const workers = [await SoakProcess.open('worker', server.url, rate, keep)];
workers.push(await SoakProcess.open('worker', server.url, rate, keep));
const producer = await SoakProcess.open('producer', server.url, rate, keep);
const processes = [producer, ...workers];
const samples: Sample[] = [];
try {
  console.log(
    `node ${process.version}, ${cpus().length} × ${cpus()[0]?.model}, ${n(totalmem() / 2 ** 30)} GiB; ` +
      `${n(rate)} tasks a second for ${n(minutes)} minutes, records kept for ${keep}\n`,
  );
  console.log('minute   done/s  backlog  p50 ms  p95 ms   live MiB  done MiB  other MiB  dead rows  RSS MiB');
  const begun = performance.now();
  for (let at = begun + SAMPLE_MS; at - begun <= minutes * 60_000 + 1; at += SAMPLE_MS) {
    await sleep(Math.max(0, at - performance.now()));
    const memory = await Promise.all(processes.map((each) => each.sample()));
    const sample: Sample = {
      ...(await readDatabase(sql, SAMPLE_MS)),
      minute: (at - begun) / 60_000,
      rssMiB: memory.map((each) => each.rss / MIB),
      heapMiB: memory.map((each) => each.heap / MIB),
      submitted: memory[0]!.submitted,
    };
    samples.push(sample);
    console.log(
      [
        n(sample.minute, 1).padStart(6),
        n(sample.perSecond).padStart(8),
        n(sample.backlog).padStart(8),
        n(sample.p50Ms, 1).padStart(7),
        n(sample.p95Ms, 1).padStart(7),
        n(sample.liveMiB, 1).padStart(10),
        n(sample.doneMiB, 1).padStart(9),
        n(sample.otherMiB, 1).padStart(10),
        n(sample.deadRows).padStart(10),
        ` ${sample.rssMiB.map((each) => n(each)).join(' ')}`,
      ].join(' '),
    );
  }
  summarize();
  await writeFile(picture, plot(samples, `${n(rate)} tasks/s, records kept for ${keep}`));
  console.log(`\ndrawn into ${picture}`);
} finally {
  await Promise.all(processes.map((each) => each.close()));
  await sql.end();
  await server.stop('fast');
  await rm(directory, { recursive: true, force: true });
}

function summarize(): void {
  const half = samples.slice(samples.length >> 1);
  const line = (title: string, value: (sample: Sample) => number, unit: string) => {
    const { mean, perHour } = slopeOf(half.map((sample) => [sample.minute / 60, value(sample)]));
    console.log(
      `${title.padEnd(28)} mean ${n(mean, 1).padStart(10)} ${unit}, slope ${n(perHour, 1).padStart(10)} ${unit} an hour`,
    );
  };
  const last = samples.at(-1)!;
  const wal = ((last.walMiB - half[0]!.walMiB) * MIB) / (last.submitted - half[0]!.submitted);
  console.log(
    `\nsubmitted ${n(last.submitted)}, ${n(last.submitted / (last.minute * 60))} a second; ${n(wal)} bytes of WAL a task; the second half:`,
  );
  line('latency p50', (sample) => sample.p50Ms, 'ms');
  line('latency p95', (sample) => sample.p95Ms, 'ms');
  line('backlog', (sample) => sample.backlog, 'tasks');
  line('live table with indexes', (sample) => sample.liveMiB, 'MiB');
  line('finished with indexes', (sample) => sample.doneMiB, 'MiB');
  line('other tables', (sample) => sample.otherMiB, 'MiB');
  line('dead rows', (sample) => sample.deadRows, 'rows');
  ['producer', 'worker 1', 'worker 2'].forEach((title, i) => {
    line(`RSS of ${title}`, (sample) => sample.rssMiB[i]!, 'MiB');
    line(`heap of ${title}`, (sample) => sample.heapMiB[i]!, 'MiB');
  });
}
