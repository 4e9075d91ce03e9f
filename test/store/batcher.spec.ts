import { describe, expect, it } from '@jest/globals';
import { OverloadedError } from '#dist/tasks/index.js';
import { Batcher, bisect } from '#dist/tasks/store/batcher.js';

/** A batcher whose batches end when the test says so. */
function heldBatcher(options: { lanes?: number; capacity?: number; maxItems?: number } = {}) {
  const batches: {
    items: readonly number[];
    end: (results?: (number | Error)[]) => void;
    fail: (error: Error) => void;
  }[] = [];
  const batcher = new Batcher<number, number>({
    what: 'numbers',
    lanes: 1,
    maxItems: 1000,
    capacity: 1000,
    ...options,
    execute: (items) =>
      new Promise((resolve, reject) => {
        batches.push({ items, end: (results = [...items]) => resolve(results), fail: reject });
      }),
  });
  return { batcher, batches };
}
const turn = () => new Promise((resolve) => setImmediate(resolve));

describe('group commit', () => {
  it('sends what arrives in one turn of the event loop together', async () => {
    const { batcher, batches } = heldBatcher();
    const all = Promise.all([1, 2, 3].map((i) => batcher.add(i)));
    await turn();
    expect(batches.map((batch) => batch.items)).toEqual([[1, 2, 3]]);
    batches[0]!.end();
    expect(await all).toEqual([1, 2, 3]);
  });

  it('collects while every lane is busy', async () => {
    const { batcher, batches } = heldBatcher();
    const first = batcher.add(1);
    await turn();
    const rest = Promise.all([2, 3].map((i) => batcher.add(i)));
    await turn();
    expect(batches).toHaveLength(1);
    batches[0]!.end();
    await first;
    expect(batches[1]!.items).toEqual([2, 3]);
    batches[1]!.end();
    expect(await rest).toEqual([2, 3]);
  });

  it('shares a crowd out over its lanes', async () => {
    const { batcher, batches } = heldBatcher({ lanes: 2 });
    const all = Promise.all(Array.from({ length: 500 }, (_, i) => batcher.add(i)));
    await turn();
    expect(batches.map((batch) => batch.items.length)).toEqual([250, 250]);
    for (const batch of batches) batch.end();
    await all;
  });

  it('rejects the one item whose result is an error, and all of a batch that failed', async () => {
    const { batcher, batches } = heldBatcher();
    const settled = Promise.allSettled([1, 2].map((i) => batcher.add(i)));
    await turn();
    batches[0]!.end([1, new Error('bad')]);
    expect((await settled).map((result) => result.status)).toEqual(['fulfilled', 'rejected']);
    const failed = Promise.allSettled([3, 4].map((i) => batcher.add(i)));
    await turn();
    batches[1]!.fail(new Error('all'));
    expect((await failed).map((result) => result.status)).toEqual(['rejected', 'rejected']);
  });

  it('refuses more than it may hold, clearly, and takes more when there is room again', async () => {
    const { batcher, batches } = heldBatcher({ capacity: 2 });
    const accepted = [batcher.add(1), batcher.add(2)];
    await expect(batcher.add(3)).rejects.toBeInstanceOf(OverloadedError);
    await turn();
    batches[0]!.end();
    await Promise.all(accepted);
    void batcher.add(4);
    await turn();
    batches[1]!.end();
    await batcher.drained();
    expect(batcher.size).toBe(0);
  });
});

describe('a bad item in a batch', () => {
  it('is found by halving, and its neighbours go through', async () => {
    const through: number[] = [];
    const results = await bisect(
      Array.from({ length: 100 }, (_, i) => i),
      (error) => (error as Error).message === 'bad value',
      async (items) => {
        if (items.includes(37)) throw new Error('bad value');
        through.push(...items);
        return items;
      },
    );
    expect(results[37]).toBeInstanceOf(Error);
    expect(through.sort((a, b) => a - b)).toEqual(
      Array.from({ length: 100 }, (_, i) => i).filter((i) => i !== 37),
    );
    expect(results.filter((result) => result instanceof Error)).toHaveLength(1);
  });

  it('is not looked for when the database is at fault', async () => {
    let tries = 0;
    await expect(
      bisect(
        [1, 2, 3, 4],
        () => false,
        async () => {
          tries++;
          throw new Error('away');
        },
      ),
    ).rejects.toThrow('away');
    expect(tries).toBe(1);
  });
});
