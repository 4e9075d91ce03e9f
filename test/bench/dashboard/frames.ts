import { setTimeout as sleep } from 'node:timers/promises';
import type { Pool } from 'pg';
import type { Browser } from 'playwright-core';
import { shorten } from '#dist/tasks/store/short-id.js';
import { n } from '../compare.js';

const SECONDS = 8;
const EVERY_MS = 50;
const EVENTS = 100;
const BAR = 30;

/** How many frames a second the page shows while 2,000 changes a second are told of, those of its own rows among them. */
export async function framesUnderEvents(browser: Browser, url: string, sql: Pool): Promise<void> {
  const page = await (await browser.newContext({ viewport: { width: 1360, height: 860 } })).newPage();
  await page.goto(url);
  await page.locator('.task-rows a').first().waitFor();
  const idle = await frames(
    () => page.evaluate<number[]>(COUNT),
    async () => undefined,
  );
  const { rows } = await sql.query<{ id: string }>(
    'SELECT id FROM celeriac.task_done ORDER BY id DESC LIMIT 2000',
  );
  let told = 0;
  const busy = await frames(
    () => page.evaluate<number[]>(COUNT),
    async () => {
      const ids = Array.from({ length: EVENTS }, (_, i) => shorten(rows[(told + i) % rows.length]!.id));
      told += EVENTS;
      await sql.query('SELECT pg_notify($1, $2)', ['celeriac:celeriac', JSON.stringify({ t: ids })]);
    },
  );
  await page.close();
  console.log(
    `frames a second: ${n(idle.mean)} idle; ${n(busy.mean)} while ${n(told / SECONDS)} changes a second are told of, the worst second ${n(busy.worst)} (bar ${BAR})`,
  );
}

async function frames(count: () => Promise<number[]>, tell: () => Promise<unknown>) {
  const counted = count();
  const end = Date.now() + SECONDS * 1000;
  for (let next = Date.now(); next < end; next += EVERY_MS) {
    await tell();
    await sleep(Math.max(0, next + EVERY_MS - Date.now()));
  }
  const perSecond = await counted;
  return {
    mean: perSecond.reduce((sum, each) => sum + each, 0) / perSecond.length,
    worst: Math.min(...perSecond),
  };
}

/** Runs in the page: the frames of each second. */
const COUNT = `new Promise((resolve) => {
  const seconds = Array.from({ length: ${SECONDS} }, () => 0);
  const start = performance.now();
  const frame = (now) => {
    const second = Math.floor((now - start) / 1000);
    if (second >= ${SECONDS}) return resolve(seconds);
    if (second >= 0) seconds[second]++;
    requestAnimationFrame(frame);
  };
  requestAnimationFrame(frame);
})`;
