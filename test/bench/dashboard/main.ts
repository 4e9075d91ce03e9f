import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { TypeOrmModule } from '@nestjs/typeorm';
import { Pool } from 'pg';
import { chromium, type Browser } from 'playwright-core';
import { DataSource } from 'typeorm';
import { TasksDashboardModule } from '#dist/tasks/dashboard/index.js';
import { PostgresServer } from '#dist/tasks/embedded/index.js';
import { TasksHttpModule } from '#dist/tasks/http/index.js';
import { TasksModule } from '#dist/tasks/index.js';
import { median, n, percentile } from '../compare.js';
import { framesUnderEvents } from './frames.js';
import { addRecords } from './records.js';

/**
 * `npm run bench:dashboard`: lists, searches and statistics over HTTP, and the dashboard's first view in Chromium, on
 * BENCH_RECORDS finished tasks (default 1,000,000; 10,000,000 take some minutes to make).
 */
const records = Number(process.env.BENCH_RECORDS ?? 1_000_000);
const ROUNDS = 40;
const BAR_MS = 100;
const FIRST_VIEW_BAR_MS = 1000;
const CHROMIUM = '/usr/bin/chromium';
const FLAGS =
  '--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update --disable-sync';

const directory = await mkdtemp(join(tmpdir(), 'celeriac-bench-'));
const postgres = await PostgresServer.create({ directory });
await postgres.start();
const sql = new Pool({ connectionString: postgres.url, max: 2 });

@Module({
  imports: [
    TypeOrmModule.forRoot({ type: 'postgres', url: postgres.url }),
    TasksModule.forRoot({}),
    TasksHttpModule.forRoot(),
    TasksDashboardModule.forRoot(),
  ],
})
class BenchModule {}

const app = await NestFactory.create(BenchModule, { logger: false });
await app.listen(0, '127.0.0.1');
const url = await app.getUrl();
try {
  console.log(
    `node ${process.version}, ${cpus().length} × ${cpus()[0]?.model}; ${n(records)} finished tasks`,
  );
  const begun = Date.now();
  await addRecords(sql, app.get(DataSource), 'celeriac', records);
  console.log(`made in ${n((Date.now() - begun) / 1000)} s\n`);
  const { rows } = await sql.query<{ id: string }>(
    `SELECT id FROM celeriac.task_done ORDER BY id LIMIT 1 OFFSET ${Math.floor(records / 2)}`,
  );
  const middle = rows[0]!.id;
  const queries: [string, string][] = [
    ['the newest', '?limit=50'],
    ['a page in the middle', `?limit=50&cursor=${middle}`],
    ['the oldest', '?limit=50&sort=createdAt'],
    ['state:failure', '?state=FAILURE'],
    ['state:failure, in the middle', `?state=FAILURE&cursor=${middle}`],
    ['state:started, none', '?state=STARTED'],
    ['name, exactly', '?name=shop.task-7'],
    ['name:email.*', '?name=email.*'],
    ['name:email.*, in the middle', `?name=email.*&cursor=${middle}`],
    ['name:email.* state:failure, none', '?name=email.*&state=FAILURE'],
    ['name:shop.* state:failure', '?name=shop.*&state=FAILURE'],
    ['name state:failure,revoked', '?name=shop.task-0&state=FAILURE,REVOKED'],
    ['name:email.* queue, none', '?name=email.*&queue=nothing'],
    ['state:failure queue, none', '?state=FAILURE&queue=nothing'],
    ['queue', '?queue=queue-3'],
    ['queue, none', '?queue=nothing'],
    ['tag:user=4242', '?tag=user:4242'],
    ['tag, none', '?tag=user:nobody'],
    ['owner by worker, none', '?worker=nobody'],
    ['text in names', '?search=task-42'],
    ['text in errors', '?search=upstream-77'],
    ['text, a tag’s value', '?search=4242'],
    ['text, nothing', '?search=nothingofthesort'],
    ['text, state:failure', '?search=email&state=FAILURE'],
    ['id', `?search=${middle}`],
    ['arguments, a day', '?args=no-such-argument'],
    ['statistics, 1h', '/stats?window=1h'],
    ['statistics, 24h', '/stats?window=24h'],
    ['statistics, 30d', '/stats?window=30d'],
    ['errors', '/errors'],
    ['errors, searched', '/errors?search=upstream-7'],
    ['queues', '/queues'],
  ];
  for (const [title, query] of queries) {
    const times: number[] = [];
    let found = 0;
    for (let i = 0; i < ROUNDS; i++) {
      const start = performance.now();
      const answer = (await (await fetch(`${url}/tasks${query}`)).json()) as {
        items?: unknown[];
        statusCode?: number;
      };
      times.push(performance.now() - start);
      if (answer.statusCode !== undefined) throw new Error(`${query}: ${JSON.stringify(answer)}`);
      found = answer.items?.length ?? 0;
    }
    const p95 = percentile(times, 95);
    console.log(
      `${title.padEnd(32)} p50 ${n(median(times), 1).padStart(7)} ms, p95 ${n(p95, 1).padStart(7)} ms${p95 > BAR_MS ? `  ABOVE ${BAR_MS}` : ''}  (${found} items)`,
    );
  }
  if (existsSync(CHROMIUM)) await inBrowser();
  else console.log('no Chromium: the page was not measured');
} finally {
  await app.close();
  await sql.end();
  await postgres.stop('fast');
  await rm(directory, { recursive: true, force: true });
}

async function inBrowser(): Promise<void> {
  const browser = await chromium.launch({ executablePath: CHROMIUM, args: FLAGS.split(' ') });
  try {
    await firstView(browser);
    await framesUnderEvents(browser, `${url}/dashboard/`, sql);
  } finally {
    await browser.close();
  }
}

/** From the navigation to rows that can be read. */
async function firstView(browser: Browser): Promise<void> {
  const times: number[] = [];
  for (let i = 0; i < 6; i++) {
    const page = await (await browser.newContext()).newPage();
    const start = performance.now();
    await page.goto(`${url}/dashboard/`);
    await page.locator('.task-rows a').first().waitFor();
    await page.locator('.counters').waitFor();
    // the first start of the browser does not count
    if (i > 0) times.push(performance.now() - start);
    await page.close();
  }
  console.log(
    `\nfirst view: median ${n(median(times))} ms, worst ${n(Math.max(...times))} ms (bar ${n(FIRST_VIEW_BAR_MS)})`,
  );
}
