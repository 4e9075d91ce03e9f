import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Injectable } from '@nestjs/common';
import { Task, TaskContext, TaskFailedError, TaskRevokedError } from '#dist/tasks/index.js';
import { createApplication, type TestApplication } from '../support/application.js';
import { createDatabase, type TestDatabase } from '../support/database.js';
import { until } from '../support/until.js';

/** What one run of a task left behind. */
const ran: { name: string; value: unknown; at: number }[] = [];
/** Lets handlers wait for the test. */
let gate: Promise<void> = Promise.resolve();

@Injectable()
class ContractTasks {
  @Task()
  note(value: unknown): unknown {
    ran.push({ name: 'note', value, at: Date.now() });
    return value;
  }

  @Task({ queue: 'other' })
  elsewhere(value: unknown): unknown {
    ran.push({ name: 'elsewhere', value, at: Date.now() });
    return value;
  }

  @Task()
  async gated(value: unknown): Promise<unknown> {
    ran.push({ name: 'gated', value, at: Date.now() });
    await gate;
    return value;
  }

  @Task()
  async untilAborted(ctx: TaskContext): Promise<string> {
    ran.push({ name: 'untilAborted', value: ctx.id, at: Date.now() });
    await new Promise<void>((resolve) =>
      ctx.signal.addEventListener('abort', () => resolve(), { once: true }),
    );
    ctx.signal.throwIfAborted();
    return 'not aborted';
  }

  @Task({ retry: { max: 2, delay: 50 } })
  failing(ctx: TaskContext): void {
    ran.push({ name: 'failing', value: ctx.attempt, at: Date.now() });
    throw new Error(`attempt ${ctx.attempt}`);
  }

  @Task()
  snoozing(ctx: TaskContext): number {
    return ctx.attempt < 3 ? ctx.snooze(20) : ctx.attempt;
  }
}

/** A server behind a broker, started for the tests of one file. */
export interface BrokerServer {
  readonly url: string;
  remove(): Promise<void>;
}

/**
 * What every broker promises. A broker's own spec calls this, and holds only what differs.
 * @param broker its URL, or how its server is started
 */
export function describeBroker(
  name: string,
  broker: string | undefined | (() => Promise<BrokerServer>),
): void {
  describe(`${name}: what every broker promises`, () => {
    let database: TestDatabase;
    let application: TestApplication;
    let server: BrokerServer | undefined;
    const tasks = () => application.tasks.of(ContractTasks);
    const runs = (task: string) => ran.filter((run) => run.name === task);

    beforeAll(async () => {
      database = await createDatabase();
      server = typeof broker === 'function' ? await broker() : undefined;
      const url = typeof broker === 'function' ? server!.url : broker;
      application = await createApplication(
        database.url,
        { providers: [ContractTasks] },
        { broker: url, revokeGrace: '10s' },
      );
    });
    afterAll(async () => {
      await application.close();
      await server?.remove();
      await database.drop();
    });

    it('keeps what is submitted while nobody listens, and runs it when a worker comes', async () => {
      const handles = await Promise.all([1, 2, 3].map((i) => tasks().note.delay(i)));
      expect(await handles[0]!.state()).toBe('PENDING');
      await application.startWorker({ concurrency: 20 });
      expect(await Promise.all(handles.map((handle) => handle.get({ timeout: '60s' })))).toEqual([1, 2, 3]);
    });

    it('delivers each task once', async () => {
      ran.length = 0;
      const handles = await application.tasks.submitMany(
        Array.from({ length: 500 }, (_, i) => ({ name: 'contract.note', args: [i] })),
      );
      await Promise.all(handles.map((handle) => handle.get({ timeout: '60s' })));
      const values = runs('note').map((run) => run.value as number);
      expect(values.sort((a, b) => a - b)).toEqual(Array.from({ length: 500 }, (_, i) => i));
    });

    it('takes from several queues', async () => {
      const handle = await tasks().elsewhere.delay('there');
      expect(await handle.get({ timeout: '60s' })).toBe('there');
      const new1 = await tasks().note.applyAsync(['new'], { queue: 'a-new-queue' });
      expect(await new1.get({ timeout: '60s' })).toBe('new');
    });

    it('does not run a delayed task before its time, and then soon', async () => {
      ran.length = 0;
      const submitted = Date.now();
      const handle = await tasks().note.applyAsync(['late'], { countdown: 400 });
      expect(await handle.state()).toBe('PENDING');
      await handle.get({ timeout: '60s' });
      const waited = runs('note')[0]!.at - submitted;
      expect(waited).toBeGreaterThanOrEqual(400);
      expect(waited).toBeLessThan(3000);
    });

    it('revokes a waiting task, which then never runs', async () => {
      const handle = await tasks().note.applyAsync(['never'], { countdown: 4000 });
      expect(await handle.revoke()).toMatchObject({ state: 'REVOKED', revokedReason: 'revoked' });
      await expect(handle.get()).rejects.toBeInstanceOf(TaskRevokedError);
      const later = await tasks().note.applyAsync(['later'], { countdown: 4500 });
      await later.get({ timeout: '60s' });
      expect(runs('note').map((run) => run.value)).not.toContain('never');
    });

    it('aborts the signal of a running task that is revoked', async () => {
      const handle = await tasks().untilAborted.delay();
      await until('it runs', () => runs('untilAborted').some((run) => run.value === handle.id));
      await handle.revoke();
      await expect(handle.get({ timeout: '60s' })).rejects.toBeInstanceOf(TaskRevokedError);
    });

    it('ends a running task at once with terminate, and refuses what its handler returns later', async () => {
      let open = () => {};
      gate = new Promise((resolve) => (open = resolve));
      const handle = await tasks().gated.delay('too late');
      await until('it runs', () => runs('gated').length > 0);
      expect(await handle.revoke({ terminate: true })).toMatchObject({ state: 'REVOKED' });
      open();
      const last = await tasks().note.delay('after');
      await last.get({ timeout: '60s' });
      expect(await handle.record()).toMatchObject({ state: 'REVOKED', result: null });
    });

    it('retries with the wait the task asks for, then fails with the last error', async () => {
      ran.length = 0;
      const handle = await tasks().failing.delay();
      const error = await handle.get({ timeout: '60s' }).catch((e: unknown) => e);
      expect(error).toBeInstanceOf(TaskFailedError);
      expect((error as Error).message).toContain('attempt 3');
      const times = runs('failing').map((run) => run.at);
      expect(times).toHaveLength(3);
      expect(times[1]! - times[0]!).toBeGreaterThanOrEqual(50);
      expect(await handle.record()).toMatchObject({ attempt: 3, retries: 2 });
    });

    it('runs a snoozed task again without charging a retry', async () => {
      const handle = await tasks().snoozing.delay();
      expect(await handle.get({ timeout: '60s' })).toBe(3);
      expect(await handle.record()).toMatchObject({ retries: 0, attempt: 3 });
    });

    it('makes a failed task live again when an operator retries it', async () => {
      const handle = await tasks().failing.delay();
      await handle.get({ timeout: '60s' }).catch(() => undefined);
      expect(await application.tasks.retry(handle.id, { by: 'ann' })).toMatchObject({
        id: handle.id,
        error: null,
        retries: 0,
      });
      await handle.get({ timeout: '60s' }).catch(() => undefined);
      expect(await handle.record()).toMatchObject({ state: 'FAILURE', retries: 2, attempt: 6 });
      expect(
        (await application.tasks.history(handle.id)).some(
          (entry) => entry.kind === 'retry' && entry.by === 'ann',
        ),
      ).toBe(true);
    });

    it('gives 9 the way before 0', async () => {
      let open = () => {};
      gate = new Promise((resolve) => (open = resolve));
      const before = runs('gated').length;
      const blockers = await Promise.all(Array.from({ length: 20 }, () => tasks().gated.delay('blocker')));
      await until('every slot is taken', () => runs('gated').length === before + 20);
      ran.length = 0;
      const low = await application.tasks.submitMany(
        Array.from({ length: 60 }, (_, i) => ({
          name: 'contract.note',
          args: [`low ${i}`],
          options: { priority: 0 },
        })),
      );
      const high = await tasks().note.applyAsync(['high'], { priority: 9 });
      open();
      await Promise.all([...blockers, ...low, high].map((handle) => handle.get({ timeout: '60s' })));
      const order = runs('note').map((run) => run.value);
      expect(order.indexOf('high')).toBeLessThan(25);
    });

    it('starves no queue while another one is flooded', async () => {
      ran.length = 0;
      await application.tasks.submitMany(
        Array.from({ length: 2000 }, (_, i) => ({
          name: 'contract.note',
          args: [i],
          options: { priority: 9 },
        })),
      );
      const other = await tasks().elsewhere.delay('not starved');
      await other.get({ timeout: '60s' });
      expect(runs('note').length).toBeLessThan(1500);
      await until('the flood is over', () => runs('note').length === 2000);
    });

    it('leaves nothing behind', async () => {
      await until('the table is empty', async () => {
        const { rows } = await database.sql.query<{ n: number }>(
          'SELECT count(*)::int AS n FROM celeriac.task',
        );
        return rows[0]!.n === 0;
      });
    });
  });
}
