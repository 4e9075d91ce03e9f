import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Injectable } from '@nestjs/common';
import { Test, type TestingModule } from '@nestjs/testing';
import {
  Task,
  TaskContext,
  TaskService,
  chain,
  chord,
  group,
  workflow,
  type TaskFailure,
} from '#dist/tasks/index.js';
import { TasksTestingModule, TestTasks } from '#dist/tasks/testing/index.js';

@Injectable()
class FlowTasks {
  readonly failures: TaskFailure[] = [];
  broken = false;

  constructor(private readonly tasks: TaskService) {}

  @Task({ retry: { max: 2, delay: '1h' } })
  add(x: number, y: number, ctx: TaskContext): number {
    if (x === 1 && ctx.attempt === 1) throw new Error('once');
    return x + y;
  }
  @Task()
  sum(values: (number | null)[]): number {
    return values.reduce<number>((sum, value) => sum + (value ?? 0), 0);
  }
  @Task()
  fragile(value: number): number {
    if (this.broken) throw new TypeError('broken');
    return value;
  }
  @Task()
  failed(failure: TaskFailure): void {
    this.failures.push(failure);
  }
  @Task()
  grow(ctx: TaskContext): number {
    ctx.addToGroup(this.tasks.of(FlowTasks).add.s(5, 5));
    return 0;
  }
  @Task()
  factorial(n: number, result: number, ctx: TaskContext): number {
    return n <= 1 ? result : ctx.replace(this.tasks.of(FlowTasks).factorial.s(n - 1, result * n));
  }
  @Task()
  async approved(value: number, ctx: TaskContext): Promise<number> {
    return value + (await ctx.waitFor<number>('more', { timeout: '3d' }));
  }
}

describe('workflows in celeriac/testing', () => {
  let module: TestingModule;
  let tasks: TaskService;
  let test: TestTasks;
  const flow = () => tasks.of(FlowTasks);

  async function create(eager = true): Promise<void> {
    module = await Test.createTestingModule({
      imports: [TasksTestingModule.forRoot({ eager })],
      providers: [FlowTasks],
    }).compile();
    module.useLogger(false);
    await module.init();
    tasks = module.get(TaskService);
    test = module.get(TestTasks);
  }
  beforeEach(() => create());
  afterEach(() => module.close());

  it('run when they are submitted, with their retries', async () => {
    expect(await (await chain(flow().add.s(1, 1), flow().add.s(4)).delay()).get()).toBe(6);
    const handle = await chord(group([2, 3].map((n) => flow().add.s(n, n))), flow().sum.s()).delay();
    expect(await handle.get()).toBe(10);
    expect(await handle.progress()).toMatchObject({ total: 3, succeeded: 3 });
    const graph = workflow().task('a', flow().add.s(2, 2)).task('b', flow().add.s(1), { after: 'a' });
    expect(await (await graph.delay()).get()).toEqual({ b: 5 });
    expect(
      await (
        await flow()
          .add.chunks([[2, 2]], 1)
          .delay()
      ).get(),
    ).toEqual([[4]]);
  });

  it('fail what waits, tell errbacks, go on where failures are allowed, and resume', async () => {
    const provider = module.get(FlowTasks);
    provider.broken = true;
    const header = group(flow().fragile.s(1), flow().add.s(2, 2));
    const allowed = await chord(header.allowFailures(), flow().sum.s()).delay();
    expect(await allowed.get()).toBe(4);
    const handle = await chord(header, flow().sum.s()).linkError(flow().failed.s()).delay();
    await expect(handle.get()).rejects.toThrow(/flow.fragile .* failed: TypeError: broken/);
    expect(provider.failures).toHaveLength(1);
    provider.broken = false;
    await handle.resume();
    await test.drain();
    expect(await handle.get()).toBe(5);
  });

  it('grow and are replaced while they run', async () => {
    expect(await (await chord(group(flow().grow.s()), flow().sum.s()).delay()).get()).toBe(10);
    expect(await (await flow().factorial.delay(4, 1)).get()).toBe(24);
  });

  it('wait for signals and countdowns by the clock of the test', async () => {
    const handle = await chain(flow().approved.s(40), flow().add.s(1).set({ countdown: '1d' })).delay();
    expect((await handle.graph()).nodes[0]!.state).toBe('WAITING');
    await handle.signal('more', 2);
    await test.drain();
    await test.advance('1d');
    expect(await handle.get()).toBe(43);
    const late = await flow().approved.delay(1);
    await test.advance('4d');
    await expect(late.get()).rejects.toThrow(/was not given in time/);
  });

  it('keep a result that a callback waits for', async () => {
    const later = flow().sum.si([1]).set({ countdown: '1h' });
    const handle = await chain(flow().add.s(2, 2), flow().add.s(4)).link(later).delay();
    expect(await handle.get()).toBe(8);
    await expect(tasks.forget(handle.id)).rejects.toThrow(/while its workflow goes on/);
    await test.advance('1h');
    await tasks.forget(handle.id);
  });

  it('keep to the own time of a step, and to its lifetime from when it need not wait any more', async () => {
    const now = test.clock.now().getTime();
    const eta = new Date(now + 86_400_000);
    const timed = await chain(flow().add.s(1, 1), flow().add.s(1).set({ eta })).delay();
    expect(await timed.record()).toMatchObject({ state: 'PENDING', dueAt: eta.toISOString() });
    await test.advance('1d');
    expect(await timed.get()).toBe(3);

    const late = flow().add.s(1).set({ countdown: '1h', expires: '2h' });
    const short = await chain(flow().add.s(2, 2), late).delay();
    const expiresAt = new Date(test.clock.now().getTime() + 7_200_000).toISOString();
    expect(await short.record()).toMatchObject({ state: 'PENDING', expiresAt });
    test.clock.advance('3h');
    await test.drain();
    expect(await short.record()).toMatchObject({ state: 'REVOKED', revokedReason: 'expired' });
  });

  it('wait for drain without eager', async () => {
    await module.close();
    await create(false);
    const handle = await chain(flow().add.s(2, 2), flow().add.s(4)).delay();
    expect(await handle.state()).toBe('WAITING');
    await test.drain();
    expect(await handle.get()).toBe(8);
  });
});
