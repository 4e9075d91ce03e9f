import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Injectable } from '@nestjs/common';
import {
  Task,
  TaskContext,
  TaskRevokedError,
  UniqueConflictError,
  type TaskHandle,
} from '#dist/tasks/index.js';
import { createApplication, type TestApplication } from '../support/application.js';
import { createDatabase, type TestDatabase } from '../support/database.js';
import { until } from '../support/until.js';
import type { BrokerServer } from './broker.contract.js';

interface Run {
  task: string;
  key: string;
  from: number;
  to: number;
}
const runs: Run[] = [];
let release = () => {};
let gate: Promise<void> = Promise.resolve();

async function noted(task: string, key: string, ms: number): Promise<string> {
  const run = { task, key, from: performance.now(), to: Number.POSITIVE_INFINITY };
  runs.push(run);
  await sleep(ms);
  run.to = performance.now();
  return key;
}

/** The most that ran at the same time. */
function overlap(those: readonly Run[]): number {
  return Math.max(
    0,
    ...those.map((run) => those.filter((o) => o.from <= run.from && o.to > run.from).length),
  );
}

@Injectable()
class LimitedTasks {
  @Task({ limit: { concurrency: 3 } })
  three(key: string): Promise<string> {
    return noted('three', key, 100);
  }

  @Task({ limit: [{ concurrency: 2 }, { concurrency: 1, key: (tenant: string) => tenant }] })
  tenant(tenant: string): Promise<string> {
    return noted('tenant', tenant, 60);
  }

  @Task({ limit: { rate: '20/s' } })
  rated(key: string): Promise<string> {
    return noted('rated', key, 0);
  }

  @Task({ limit: { rate: '1/h', burst: 4 } })
  burst(key: string): Promise<string> {
    return noted('burst', key, 0);
  }

  @Task({ limit: { concurrency: 1 }, retry: { max: 2, delay: 0 } })
  async stubborn(key: string, ctx: TaskContext): Promise<string> {
    await noted('stubborn', key, 5);
    if (ctx.attempt < 3) throw new Error('again');
    return key;
  }

  @Task({ limit: { concurrency: 1 } })
  async holds(): Promise<void> {
    await gate;
  }

  @Task({ queue: 'narrow' })
  inQueue(key: string): Promise<string> {
    return noted('inQueue', key, 5);
  }

  @Task()
  free(key: string): Promise<string> {
    return noted('free', key, 0);
  }

  @Task({ unique: true })
  async once(_x: unknown): Promise<void> {
    await gate;
  }

  @Task({
    unique: { key: (order: { id: number }) => `order ${order.id}`, until: 'started', onConflict: 'replace' },
  })
  async latest(order: { id: number; version: number }): Promise<number> {
    await gate;
    return order.version;
  }

  @Task({ unique: { until: '1h', onConflict: 'refuse' } })
  hourly(): void {}
}

/** What limits, uniqueness and revoking many promise, on every broker. */
export function describeLimits(
  name: string,
  broker: string | undefined | (() => Promise<BrokerServer>),
): void {
  describe(`${name}: limits`, () => {
    let database: TestDatabase;
    let application: TestApplication;
    let server: BrokerServer | undefined;
    const tasks = () => application.tasks.of(LimitedTasks);
    const all = (handles: readonly TaskHandle[]) =>
      Promise.all(handles.map((handle) => handle.get({ timeout: '60s' })));
    const many = (task: string, keys: readonly string[]) =>
      application.tasks.submitMany(keys.map((key) => ({ name: `limited.${task}`, args: [key] })));
    const hold = () => {
      gate = new Promise((resolve) => (release = resolve));
    };

    beforeAll(async () => {
      database = await createDatabase();
      server = typeof broker === 'function' ? await broker() : undefined;
      application = await createApplication(
        database.url,
        { providers: [LimitedTasks] },
        {
          broker: typeof broker === 'function' ? server!.url : broker,
          queues: { narrow: { limit: { concurrency: 2 } } },
        },
      );
      await application.startWorker({ concurrency: 10 });
    });
    beforeEach(() => {
      runs.length = 0;
    });
    afterAll(async () => {
      release();
      await application.close();
      await server?.remove();
      await database.drop();
    });

    it('no more run at once than the task’s concurrency allows', async () => {
      await all(
        await many(
          'three',
          Array.from({ length: 40 }, (_, i) => `${i}`),
        ),
      );
      expect(runs).toHaveLength(40);
      expect(overlap(runs)).toBe(3);
    });

    it('each key has a limit of its own, beneath that of all, and the keys take turns', async () => {
      const flood = Array.from({ length: 60 }, () => 'a');
      await all(await many('tenant', [...flood, 'b', 'b', 'b']));
      expect(overlap(runs)).toBe(2);
      for (const key of ['a', 'b']) expect(overlap(runs.filter((run) => run.key === key))).toBe(1);
      const lastOfB = runs.findLastIndex((run) => run.key === 'b');
      expect(lastOfB).toBeLessThan(20);
    });

    it('a queue’s limit holds for all that is in it', async () => {
      const handles = await many(
        'inQueue',
        Array.from({ length: 10 }, (_, i) => `${i}`),
      );
      const others = await Promise.all(
        Array.from({ length: 10 }, (_, i) => tasks().free.applyAsync([`${i}`], { queue: 'narrow' })),
      );
      await all([...handles, ...others]);
      expect(runs).toHaveLength(20);
      expect(overlap(runs)).toBeLessThanOrEqual(2);
    });

    it('starts keep to the rate', async () => {
      const started = performance.now();
      await all(
        await many(
          'rated',
          Array.from({ length: 12 }, (_, i) => `${i}`),
        ),
      );
      const times = runs.map((run) => run.from).sort((a, b) => a - b);
      expect(times.at(-1)! - started).toBeGreaterThanOrEqual(11 * 50 * 0.95 - 50);
      // in any window no more than a token each 50 ms, and one; with 20 ms for the way to the worker
      for (let i = 0; i < times.length; i++)
        for (let j = i + 1; j < times.length; j++)
          expect(times[j]! - times[i]! + 40).toBeGreaterThanOrEqual((j - i - 1) * 50);
    });

    it('a burst may start at once, and what is beyond it waits', async () => {
      const handles = await many('burst', ['1', '2', '3', '4', '5', '6']);
      await until('the burst has run', () => runs.length === 4);
      await application.tasks.submit('limited.free', ['x']).then((handle) => handle.get());
      expect(runs.filter((run) => run.task === 'burst')).toHaveLength(4);
      expect(await application.tasks.revokeMany({ ids: handles.map((handle) => handle.id) })).toEqual({
        ended: 2,
        asked: 0,
      });
    });

    it('what waits for a limit holds no slot', async () => {
      hold();
      const handles = await Promise.all(Array.from({ length: 30 }, () => tasks().holds.delay()));
      await until('one runs', async () => (await application.tasks.counts()).STARTED === 1);
      expect(await (await tasks().free.delay('now')).get({ timeout: '60s' })).toBe('now');
      release();
      await all(handles);
    });

    it('retries pass the limit again, and an operator’s retry does too', async () => {
      const handles = await many('stubborn', ['1', '2', '3']);
      await all(handles);
      expect(runs).toHaveLength(9);
      expect(overlap(runs)).toBe(1);
      const waiting = await tasks().stubborn.applyAsync(['4'], { countdown: '1h' });
      await waiting.revoke();
      await application.tasks.retry(waiting.id);
      await expect(waiting.get({ timeout: '60s' })).resolves.toBe('4');
    });

    it('a delayed task waits for its time first, and a revoked one makes room', async () => {
      hold();
      const first = await tasks().holds.delay();
      const second = await tasks().holds.applyAsync([], { countdown: 50 });
      await until('the first one runs', async () => (await first.state()) === 'STARTED');
      await first.revoke({ terminate: true });
      await until('the second one runs', async () => (await second.state()) === 'STARTED');
      release();
      await second.get({ timeout: '60s' });
    });

    it('a task whose worker died does not keep its place', async () => {
      hold();
      const first = await tasks().holds.delay();
      await until('it runs', async () => (await first.state()) === 'STARTED');
      await database.sql.query('UPDATE celeriac.worker SET dead_at = now() WHERE dead_at IS NULL');
      const second = await tasks().holds.delay();
      await until('it is lost', async () =>
        (await application.tasks.history(first.id)).some((entry) => entry.kind === 'lost'),
      );
      release();
      await all([first, second]);
      expect((await first.record()).attempt).toBe(2);
    });

    it('a second task of the same gives the first one, until it has ended', async () => {
      hold();
      const first = await tasks().once.delay({ a: 1 });
      expect((await tasks().once.delay({ a: 1 })).id).toBe(first.id);
      const other = await tasks().once.delay({ a: 2 });
      expect(other.id).not.toBe(first.id);
      const forced = await tasks().once.applyAsync([{ a: 1 }], { unique: false });
      expect(forced.id).not.toBe(first.id);
      release();
      await all([first, other, forced]);
      expect((await tasks().once.delay({ a: 1 })).id).not.toBe(first.id);
    });

    it('a newer one replaces one that waits, and not one that runs', async () => {
      const waiting = await tasks().latest.applyAsync([{ id: 1, version: 1 }], { countdown: '1h' });
      hold();
      const newer = await tasks().latest.delay({ id: 1, version: 2 });
      await expect(waiting.get({ timeout: '60s' })).rejects.toBeInstanceOf(TaskRevokedError);
      await until('the newer one runs', async () => (await newer.state()) === 'STARTED');
      const newest = await tasks().latest.delay({ id: 1, version: 3 });
      expect(newest.id).not.toBe(newer.id);
      release();
      expect(await newer.get({ timeout: '60s' })).toBe(2);
      expect(await newest.get({ timeout: '60s' })).toBe(3);
    });

    it('a second one within the period is refused, however the first one ended', async () => {
      const first = await tasks().hourly.delay();
      await first.get({ timeout: '60s' });
      const error = await tasks()
        .hourly.delay()
        .catch((e: unknown) => e);
      expect(error).toBeInstanceOf(UniqueConflictError);
      expect((error as UniqueConflictError).taskId).toBe(first.id);
    });

    it('of many that are submitted at once only one is there', async () => {
      hold();
      const handles = await Promise.all(Array.from({ length: 50 }, () => tasks().once.delay('crowd')));
      expect(new Set(handles.map((handle) => handle.id)).size).toBe(1);
      const [one, two] = await application.tasks.submitMany([
        { name: 'limited.once', args: ['both'] },
        { name: 'limited.once', args: ['both'] },
      ]);
      expect(one!.id).toBe(two!.id);
      release();
      await all([handles[0]!, one!]);
    });

    it('tasks are revoked by name, queue and tag, and no others', async () => {
      const later = { countdown: '1h' };
      const submit = (task: 'free' | 'rated', options: object) =>
        tasks()[task].applyAsync(['x'], { ...later, ...options });
      const free = await Promise.all(
        Array.from({ length: 3 }, () => submit('free', { tags: { order: '7' } })),
      );
      const rated = await submit('rated', { queue: 'elsewhere' });
      const other = await submit('free', {});
      const revoke = application.tasks.revokeMany.bind(application.tasks);
      expect(await revoke({ tags: { order: '7' }, name: 'limited.*' })).toEqual({ ended: 3, asked: 0 });
      expect(await revoke({ queue: 'elsewhere' })).toEqual({ ended: 1, asked: 0 });
      for (const handle of [...free, rated]) expect(await handle.state()).toBe('REVOKED');
      expect(await other.state()).toBe('PENDING');
      expect(await revoke({ name: 'limited.free' })).toEqual({ ended: 1, asked: 0 });
      await expect(revoke({})).rejects.toThrow(/at least one of ids, name, queue, tags, owner/);
    });
  });
}
