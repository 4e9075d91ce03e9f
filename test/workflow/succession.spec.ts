import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Injectable } from '@nestjs/common';
import { Administration } from '#dist/tasks/control/administration.js';
import { Task, TaskContext, chain, chainOf, chord, group, type TaskRefs } from '#dist/tasks/index.js';
import { createApplication, type TestApplication } from '../support/application.js';
import { createDatabase, type TestDatabase } from '../support/database.js';
import { FaultProxy } from '../support/fault-proxy.js';
import { until } from '../support/until.js';

const ran: unknown[] = [];
let gate: Promise<void> = Promise.resolve();
let refs: TaskRefs<StepTasks>;

@Injectable()
class StepTasks {
  @Task()
  add(x: number, y: number): number {
    ran.push('add');
    return x + y;
  }
  @Task()
  note(label: string): void {
    ran.push(label);
  }
  @Task()
  async held(label: string): Promise<void> {
    ran.push(label);
    await gate;
  }
  @Task()
  factorial(n: number, result: number, ctx: TaskContext): number {
    ran.push(n);
    return n <= 1 ? result : ctx.replace(refs.factorial.s(n - 1, result * n));
  }
  @Task()
  fanOut(count: number, ctx: TaskContext): string {
    for (let i = 0; i < count; i++) ctx.addToGroup(refs.add.s(i, 1));
    return 'parent';
  }
  @Task()
  text(value: unknown): string {
    return JSON.stringify(value);
  }
  @Task()
  character(code: number): string {
    return String.fromCharCode(code);
  }
  @Task()
  repeat(text: string, count: number): string {
    return text.repeat(count);
  }
  @Task()
  async approved(ctx: TaskContext): Promise<string> {
    ran.push('approved');
    return `by ${await ctx.waitFor<string>('approval', { timeout: '20s' })}`;
  }
}

const providers = [StepTasks];
const soon = { timeout: '60s' };
const steps = (n: number) =>
  chainOf<never, number, true>([refs.add.s(0, 1), ...Array.from({ length: n - 1 }, () => refs.add.s(1))]);

describe('a worker that ends a task for which another one waits alone', () => {
  let database: TestDatabase;
  let producer: TestApplication;
  let workers: TestApplication[] = [];
  let proxy: FaultProxy;
  let open = () => {};

  beforeAll(async () => {
    database = await createDatabase();
    producer = await createApplication(database.url, { providers });
    refs = producer.tasks.of(StepTasks);
  });
  afterAll(async () => {
    await producer?.close();
    await database?.drop();
  });
  beforeEach(async () => {
    ran.length = 0;
    gate = new Promise((resolve) => (open = resolve));
    proxy = await FaultProxy.inFrontOf(database.url);
  });
  afterEach(async () => {
    open();
    proxy.clear();
    for (const worker of workers) await worker.close();
    workers = [];
    await proxy.close();
  });

  async function startWorker(concurrency: number): Promise<TestApplication> {
    const worker = await createApplication(proxy.url, { providers });
    workers.push(worker);
    await worker.startWorker({ concurrency });
    return worker;
  }

  it('goes on with that one without asking for work', async () => {
    await startWorker(2);
    const handle = await chain(refs.held.s('first'), refs.note.si('second'), refs.note.si('third')).delay();
    await until('it runs', () => ran.includes('first'));
    let claims = () => {};
    const closed = new Promise<void>((resolve) => (claims = resolve));
    proxy.beforeStatement('celeriac.claim', async () => {
      await closed;
      return 'forward' as const;
    });
    open();
    await handle.get(soon);
    expect(ran).toEqual(['first', 'second', 'third']);
    claims();
  });

  it('passes over nothing while it has no room for others', async () => {
    await startWorker(1);
    const handle = await chain(refs.held.s('first'), refs.note.si('second')).delay();
    await until('it runs', () => ran.includes('first'));
    const other = await refs.note.delay('waited longer');
    open();
    await Promise.all([handle.get(soon), other.get(soon)]);
    expect(ran).toEqual(['first', 'waited longer', 'second']);
  });

  it('leaves it where its queue is paused', async () => {
    await startWorker(2);
    const next = refs.note.si('second').set({ queue: 'late' });
    const handle = await chain(refs.held.s('first'), next).delay();
    await until('it runs', () => ran.includes('first'));
    await database.sql.query(`UPDATE celeriac.queue SET paused_at = now() WHERE name = 'late'`);
    open();
    await until('the first has ended', async () => (await handle.progress()).succeeded === 1);
    expect((await handle.graph()).nodes.map(({ state }) => state)).toEqual(['SUCCESS', 'PENDING']);
    await producer.app.get(Administration).resume('late');
    await handle.get(soon);
  });

  it('leaves it to others once it is told to stop', async () => {
    const first = await startWorker(2);
    const handle = await chain(refs.held.s('first'), refs.note.si('second')).delay();
    await until('it runs', () => ran.includes('first'));
    const stopped = first.worker.stop(10_000);
    open();
    await stopped;
    expect((await handle.graph()).nodes.map(({ state }) => state)).toEqual(['SUCCESS', 'PENDING']);
    await startWorker(2);
    await handle.get(soon);
    expect(ran).toEqual(['first', 'second']);
  });

  it('lets it end in its grace when it is told to stop meanwhile', async () => {
    const first = await startWorker(2);
    const handle = await chain(refs.note.si('first'), refs.held.si('second')).delay();
    await until('the second runs', () => ran.includes('second'));
    const stopped = first.worker.stop(10_000);
    open();
    await stopped;
    expect(await handle.state()).toBe('SUCCESS');
  });

  it.each([
    ['a long result', () => refs.repeat.s('x', 10_000), JSON.stringify('x'.repeat(10_000))],
    ['a record that is removed soon', () => refs.repeat.s('y', 2).set({ resultExpires: '1h' }), '"yy"'],
    ['a callback beside the next step', () => refs.repeat.s('z', 3).link(refs.note.si('callback')), '"zzz"'],
  ] as const)('hands over the result of a step with %s', async (_, first, result) => {
    await startWorker(4);
    const handle = await chain(first(), refs.text.s(), refs.text.s()).delay();
    expect(await handle.get(soon)).toBe(JSON.stringify(result));
  });

  it('fails a step whose result cannot be stored, and not its neighbours', async () => {
    await startWorker(10);
    // half of a character of two
    const codes = [97, 0xd800, 98];
    const handles = codes.map((code) => chain(refs.character.s(code), refs.text.s()).delay());
    const [a, bad, b] = await Promise.all(handles);
    expect(await Promise.all([a!.get(soon), b!.get(soon)])).toEqual(['"a"', '"b"']);
    const error = await bad!.get(soon).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ error: { message: expect.stringMatching(/which Postgres cannot store/) } });
  });

  it('does each step once when the answers to its ends are lost', async () => {
    await startWorker(4);
    const lost = proxy.loseReplies('celeriac.advance', (_, count) => count % 2 === 0);
    const handle = await steps(20).delay();
    expect(await handle.get(soon)).toBe(20);
    expect(ran).toHaveLength(20);
    expect(lost.length).toBeGreaterThan(5);
    const { rows } = await database.sql.query(
      `SELECT a.* FROM celeriac.attempt a JOIN celeriac.task_done d ON d.id = a.task_id WHERE d.workflow_id = $1`,
      [handle.id],
    );
    expect(rows).toEqual([]);
  });

  it('lets a workflow grow once when the answers to its commits are lost', async () => {
    await startWorker(4);
    const lost = proxy.loseReplies('COMMIT', (_, count) => count % 2 === 0);
    const replaced = await refs.factorial.delay(4, 1);
    expect(await replaced.get(soon)).toBe(24);
    expect(ran.filter((label) => typeof label === 'number')).toEqual([4, 3, 2, 1]);

    const header = Array.from({ length: 4 }, () => refs.fanOut.s(2));
    const grown = await chord(group(header), refs.text.s()).delay();
    const results = JSON.parse(await grown.get(soon)) as unknown[];
    expect(results.filter((result) => result === 'parent')).toHaveLength(4);
    expect(results.filter((result) => result !== 'parent')).toHaveLength(8);

    const waiting = await Promise.all(Array.from({ length: 4 }, () => refs.approved.delay()));
    const waits = async () => {
      const { rows } = await database.sql.query(
        `SELECT FROM celeriac.task WHERE name = 'step.approved' AND state = 'WAITING'`,
      );
      return rows.length === waiting.length;
    };
    await until('all wait', waits);
    for (const { id } of waiting) await producer.tasks.workflows.signal(id, 'approval', 'Ada');
    expect(await Promise.all(waiting.map((handle) => handle.get(soon)))).toEqual(
      Array.from({ length: 4 }, () => 'by Ada'),
    );
    expect(ran.filter((label) => label === 'approved')).toHaveLength(8);
    expect(lost.length).toBeGreaterThan(5);
  });
});
