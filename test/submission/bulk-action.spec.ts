import { describe, expect, it } from '@jest/globals';
import type { TaskReader } from '#dist/tasks/store/task-reader.js';
import { actOnMany } from '#dist/tasks/submission/bulk-action.js';
import type { Operator } from '#dist/tasks/submission/operator.js';

const MANY = 25_000;
const idOf = (n: number) => `01a214bb-a844-7220-8000-${String(n).padStart(12, '0')}`;

describe('an action on many tasks', () => {
  it('goes on where it stopped, also when all of them fit again', async () => {
    const times = new Map<string, number>();
    const retry = async (id: string) => void times.set(id, (times.get(id) ?? 0) + 1);
    const operator = { retry, revoke: retry, forget: retry } as unknown as Operator;
    const ids: TaskReader['ids'] = async (_filter, { limit, after }) => {
      const from = after === undefined ? 0 : Number(after.slice(-12)) + 1;
      const found = Array.from({ length: Math.min(limit, MANY - from) }, (_, i) => idOf(from + i));
      return { ids: found, next: found.length === limit ? found.at(-1)! : null };
    };
    let [done, rounds, cursor]: [number, number, string | undefined] = [0, 0, undefined];
    do {
      const result = await actOnMany(operator, { ids }, 'retry', { name: 'a' }, { cursor });
      expect(result.more).toBe(result.nextCursor !== null);
      done += result.done;
      rounds++;
      cursor = result.nextCursor ?? undefined;
    } while (cursor !== undefined);
    expect([done, rounds, times.size, Math.max(...times.values())]).toEqual([MANY, 3, MANY, 1]);
    await expect(actOnMany(operator, { ids }, 'retry', { name: 'a' }, { cursor: 'x' })).rejects.toMatchObject(
      {
        code: 'INVALID_PAGE',
      },
    );
  });
});
