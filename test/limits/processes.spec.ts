import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Injectable } from '@nestjs/common';
import { Task, type TaskHandle } from '#dist/tasks/index.js';
import { createApplication, type TestApplication } from '../support/application.js';
import { createDatabase, type TestDatabase } from '../support/database.js';
import { compile, createProjectFolder, type ProjectFolder } from '../support/doc-code.js';
import { NodeProcess } from '../support/node-process.js';
import { SeededRandom } from '../support/seeded-random.js';
import { until } from '../support/until.js';

/** The same tasks as in the workers' processes, for this one that only submits. */
@Injectable()
class CountedTasks {
  @Task({ limit: [{ concurrency: 3 }, { concurrency: 1, key: (key: string) => key }] })
  narrow(_key: string, _ms: number): void {}
  @Task({ limit: { rate: '50/s', burst: 3 } })
  rated(_key: string, _ms: number): void {}
}

interface Run {
  key: string;
  from: number;
  to: number;
}

describe('limits, with several processes', () => {
  let database: TestDatabase;
  let application: TestApplication;
  let folder: ProjectFolder;
  let script: string;
  const workers: NodeProcess[] = [];
  const start = () => {
    const worker = new NodeProcess(script, [], { DATABASE_URL: database.url });
    workers.push(worker);
    return worker;
  };
  const alive = () => workers.filter((worker) => worker.isRunning);

  beforeAll(async () => {
    database = await createDatabase();
    application = await createApplication(database.url, { providers: [CountedTasks] });
    await database.sql.query(
      `CREATE TABLE ran (id uuid, attempt int, name text, key text, pid int, from_at timestamptz, to_at timestamptz,
         PRIMARY KEY (id, attempt))`,
    );
    folder = await createProjectFolder();
    const source = fileURLToPath(new URL('limited.worker.ts', import.meta.url));
    script = await folder.write('limited.worker.mjs', await compile(await readFile(source, 'utf8')));
    for (let i = 0; i < 3; i++) start();
    await until(
      'three workers live',
      async () => (await database.sql.query('SELECT FROM celeriac.worker')).rows.length === 3,
      60_000,
    );
  });
  beforeEach(() => database.sql.query('TRUNCATE ran'));
  afterAll(async () => {
    await Promise.all(alive().map((worker) => worker.terminate()));
    await application.close();
    await folder.remove();
    await database.drop();
  });

  /** From the database's clock; a killed run lasts until its task was given out anew. */
  async function runsOf(): Promise<Run[]> {
    const { rows } = await database.sql.query<Run>(
      `SELECT r.key, extract(epoch FROM r.from_at)::float8 * 1000 AS "from",
         extract(epoch FROM coalesce(r.to_at, (SELECT min(a.ended_at) FROM celeriac.attempt a
           WHERE a.task_id = r.id AND a.attempt = r.attempt)))::float8 * 1000 AS to
       FROM ran r ORDER BY r.from_at`,
    );
    return rows;
  }

  const overlap = (runs: readonly Run[]) =>
    Math.max(0, ...runs.map((run) => runs.filter((o) => o.from <= run.from && o.to > run.from).length));
  const ended = (handles: readonly TaskHandle[]) =>
    Promise.all(handles.map((handle) => handle.get({ timeout: '120s' })));

  it('no more than allowed run at once, also while processes are killed', async () => {
    const random = new SeededRandom();
    const handles = await application.tasks.submitMany(
      Array.from({ length: 150 }, () => ({
        name: 'counted.narrow',
        args: [`key-${random.below(6)}`, 60 + random.below(120)],
      })),
    );
    const all = ended(handles);
    for (let kills = 0; kills < 2; kills++) {
      await until('it is under way', async () => (await runsOf()).length > 20 * (kills + 1));
      await random.pick(alive()).kill();
      start();
      await sleep(random.below(300));
    }
    await all;
    const runs = await runsOf();
    expect(runs.length).toBeGreaterThanOrEqual(150);
    expect(overlap(runs)).toBe(3);
    for (const key of new Set(runs.map((run) => run.key)))
      expect(overlap(runs.filter((run) => run.key === key))).toBe(1);
  });

  it('no more start than the rate and its burst allow, in any window', async () => {
    const handles = await application.tasks.submitMany(
      Array.from({ length: 100 }, (_, i) => ({ name: 'counted.rated', args: [`${i}`, 0] })),
    );
    await ended(handles);
    const times = (await runsOf()).map((run) => run.from);
    expect(times).toHaveLength(100);
    const seconds = (times.at(-1)! - times[0]!) / 1000;
    expect(100 / seconds).toBeLessThanOrEqual(55);
    // A token each 20 ms, three at first, and at most three that were let through and had not started yet.
    for (let i = 0; i < times.length; i++)
      for (let j = i + 1; j < times.length; j++)
        expect(j - i + 1).toBeLessThanOrEqual((times[j]! - times[i]!) / 20 + 6 + 1);
  });
});
