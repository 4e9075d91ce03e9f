import { expect, it } from '@jest/globals';
import { DataSource } from 'typeorm';
import { IdempotencyConflictError, chain, chainOf, group } from '#dist/tasks/index.js';
import { application, refs, soon } from './flow-tasks.js';

/** How workflows are accepted. */
export function submission(): void {
  it('submits a workflow in the transaction of the caller, or not at all', async () => {
    const source = application.app.get(DataSource);
    const handle = await source.transaction((manager) =>
      chain(refs.add.s(1, 1), refs.add.s(1)).applyAsync({ manager }),
    );
    expect(await handle.get(soon)).toBe(3);
    let id = '';
    await source
      .transaction(async (manager) => {
        ({ id } = await chain(refs.add.s(1, 1), refs.add.s(1)).applyAsync({ manager }));
        throw new Error('rolled back');
      })
      .catch(() => undefined);
    await expect(application.tasks.record(id)).rejects.toThrow(/no task has the id/);
  });

  it('gives the same workflow back for the same idempotency key', async () => {
    const once = () => chain(refs.add.s(1, 1), refs.add.s(1)).applyAsync({ idempotencyKey: 'once' });
    const [a, b] = [await once(), await once()];
    expect(b.id).toBe(a.id);
    await expect(
      chain(refs.add.s(1, 1), refs.add.s(2)).applyAsync({ idempotencyKey: 'once' }),
    ).rejects.toBeInstanceOf(IdempotencyConflictError);
  });

  it('says where a mistake is, and stores nothing', async () => {
    const before = await application.tasks.counts();
    const wrong = chain(refs.add.s(1, 1), group(refs.add.s(1), refs.add.s(1).set({ priority: 99 })));
    await expect(wrong.delay()).rejects.toMatchObject({ option: 'chain[1].group[1].priority' });
    const full = chainOf<never, number, true>([
      refs.add.s(1, 1),
      refs.add.si(1, 2).set({}),
      refs.add.s(1, 2),
    ]);
    await expect(full.delay()).rejects.toThrow(/the result of the step before/);
    expect(await application.tasks.counts()).toEqual(before);
  });
}
