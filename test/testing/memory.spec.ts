import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Injectable } from '@nestjs/common';
import { Test, type TestingModule } from '@nestjs/testing';
import { Task, TaskService, UniqueConflictError, type TaskFilter } from '#dist/tasks/index.js';
import { TasksTestingModule, TestTasks } from '#dist/tasks/testing/index.js';
import { kindOf } from '#dist/tasks/observability/fingerprint.js';

@Injectable()
class StockTasks {
  constructor(private readonly tasks: TaskService) {}

  @Task()
  async order(article: { kind: string; size: number }): Promise<void> {
    await this.tasks.of(StockTasks).pack.delay(article.kind);
  }
  @Task()
  pack(_kind: string): void {}
  @Task()
  fail(): never {
    throw new RangeError('no Room');
  }
  @Task({ unique: { onConflict: 'refuse' } })
  refused(_n: number): void {}
  @Task({ unique: { until: '1d', onConflict: 'replace' } })
  daily(): void {}
}

describe('records in memory, as those of the database', () => {
  let module: TestingModule;
  let tasks: TaskService;
  let test: TestTasks;
  const stock = () => tasks.of(StockTasks);
  const names = async (filter: TaskFilter) => (await tasks.list(filter)).items.map(({ name }) => name);

  beforeEach(async () => {
    module = await Test.createTestingModule({
      imports: [TasksTestingModule.forRoot()],
      providers: [StockTasks],
    }).compile();
    module.useLogger(false);
    await module.init();
    tasks = module.get(TaskService);
    test = module.get(TestTasks);
  });
  afterEach(() => module.close());

  it('are found by every part of a filter', async () => {
    const { id } = await stock().order.applyAsync([{ kind: 'Chair', size: 2 }], { tags: { user: '42' } });
    const failed = await (await stock().fail.delay()).record();
    test.clock.advance('1h');
    const from = test.clock.now();
    await stock().pack.applyAsync(['table'], { countdown: '1h' });

    expect(await names({ parent: id })).toEqual(['stock.pack']);
    expect(await names({ from })).toEqual(['stock.pack']);
    expect(await names({ to: from })).toEqual(['stock.fail', 'stock.pack', 'stock.order']);
    expect(await names({ worker: failed.worker! })).toEqual(['stock.fail', 'stock.pack', 'stock.order']);
    for (const search of ['ORDER', '42', id])
      expect([search, await names({ search })]).toEqual([search, ['stock.order']]);
    for (const search of ['no room', 'RangeErr'])
      expect([search, await names({ search })]).toEqual([search, ['stock.fail']]);
    expect(await names({ search: '4' })).toEqual([]);
    expect(await names({ args: '"kind": "chair", "size": 2' })).toEqual(['stock.order']);
    const { fingerprint } = kindOf(failed.name, failed.error!);
    expect(await names({ error: fingerprint })).toEqual(['stock.fail']);
    expect(await names({ error: '0'.repeat(16) })).toEqual([]);
  });

  it('are revoked only when they fit', async () => {
    const kept = await stock().pack.applyAsync(['table'], { countdown: '1h' });
    const result = await tasks.bulk('revoke', { parent: '01930000-0000-7000-8000-000000000000' });
    expect(result).toMatchObject({ done: 0, skipped: 0, more: false });
    expect(await kept.state()).toBe('PENDING');
  });

  it('go on behind the cursor, also when its task does not fit any more', async () => {
    const handles = [];
    for (let i = 0; i < 4; i++) handles.push(await stock().pack.applyAsync([String(i)], { countdown: '1h' }));
    const page = { limit: 2, sort: 'createdAt' } as const;
    const { nextCursor } = await tasks.list({ state: 'PENDING' }, page);
    await handles[1]!.revoke();
    const { items } = await tasks.list({ state: 'PENDING' }, { ...page, cursor: nextCursor! });
    expect(items.map(({ id }) => id)).toEqual(handles.slice(2).map(({ id }) => id));
  });

  it('come to be all or none, also when one of many is refused', async () => {
    const refused = (n: number) => ({ name: 'stock.refused', args: [n], options: { countdown: '1h' } });
    await tasks.submitMany([refused(1)]);
    await expect(tasks.submitMany([refused(2), refused(1)])).rejects.toThrow(UniqueConflictError);
    await expect(tasks.submitMany([refused(3), refused(3)])).rejects.toThrow(UniqueConflictError);
    expect(test.submitted()).toHaveLength(1);
    await tasks.submitMany([refused(2)]);
    expect(test.submitted()).toHaveLength(2);
  });

  it('are unique for a time also after their end, and not replaced then', async () => {
    const first = await stock().daily.delay();
    expect(await first.state()).toBe('SUCCESS');
    expect((await stock().daily.delay()).id).toBe(first.id);
    await test.advance('1d');
    expect((await stock().daily.delay()).id).not.toBe(first.id);
    test.reset();
    expect(await (await stock().daily.delay()).state()).toBe('SUCCESS');
  });

  it('are replaced while they wait, but by none that comes with them', async () => {
    const later = { countdown: '1h' };
    const first = await stock().daily.applyAsync([], later);
    const second = await stock().daily.applyAsync([], later);
    expect(await first.record()).toMatchObject({ state: 'REVOKED', revokedReason: 'revoked' });
    await second.revoke();
    await test.advance('1d');
    const both = await tasks.submitMany(
      [1, 2].map(() => ({ name: 'stock.daily', args: [], options: later })),
    );
    expect(both[0]!.id).toBe(both[1]!.id);
  });
});
