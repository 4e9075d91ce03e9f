import { describe, expect, it } from '@jest/globals';
import {
  withChanged,
  withNewest,
  withOlder,
  type LoadedRows,
} from '../../src/tasks/dashboard/page/data/loaded-rows.js';
import { oneAtATime } from '../../src/tasks/dashboard/page/data/one-at-a-time.js';
import type { Task } from '../../src/tasks/dashboard/page/data/types.js';

const idOf = (n: number) => String(n).padStart(6, '0');
const task = (n: number, state = 'PENDING') => ({ id: idOf(n), state }) as Task;
/** The newest first, both included. */
const tasks = (newest: number, oldest: number) =>
  Array.from({ length: newest - oldest + 1 }, (_, i) => task(newest - i));
/** As the server answers where all fit, down to 1. */
const page = (newest: number, limit: number) => {
  const items = tasks(newest, Math.max(1, newest - limit + 1));
  return { items, nextCursor: items.length === limit ? items.at(-1)!.id : null };
};
const numbers = ({ rows }: LoadedRows) => rows.map((row) => Number(row.id));
const fresh: LoadedRows = { rows: [], next: null, wanted: 50 };

describe('the rows of the list', () => {
  it('are no more than were asked for, however long new ones come, and go on from the last', () => {
    let list = withNewest(fresh, page(100, 50), 50);
    for (let newest = 110; newest <= 5000; newest += 10) list = withNewest(list, page(newest, 50), 50);
    expect(numbers(list)).toEqual(tasks(5000, 4951).map((row) => Number(row.id)));
    expect(list.next).toBe(idOf(4951));
    const more = withOlder(
      { ...list, wanted: 100 },
      { items: tasks(4950, 4901), nextCursor: idOf(4901) },
      idOf(4951),
    );
    expect(more.rows).toHaveLength(100);
    expect(numbers(withNewest(more, page(5010, 100), 100))).toEqual(
      tasks(5010, 4911).map((row) => Number(row.id)),
    );
  });

  it('have no holes where more are new than a page holds', () => {
    const list = withNewest(withNewest(fresh, page(100, 50), 50), page(600, 50), 50);
    expect(numbers(list)).toEqual(tasks(600, 551).map((row) => Number(row.id)));
    expect(list.next).toBe(idOf(551));
  });

  it('keep older ones that go on from the newest', () => {
    const before = { rows: tasks(300, 1), next: null, wanted: 300 };
    const list = withNewest(before, page(310, 200), 200);
    expect(numbers(list)).toEqual(tasks(310, 11).map((row) => Number(row.id)));
    expect(list.next).toBe(idOf(11));
    expect(withNewest(before, page(300, 200), 200)).toEqual(before);
  });

  it('are the ones that fit and no others where all are read', () => {
    const list = withNewest(fresh, page(40, 50), 50);
    const some = [task(40), task(30)];
    expect(withNewest(list, { items: some, nextCursor: null }, 50).rows).toEqual(some);
  });

  it('stay where one looked further back, and so does the place', () => {
    const nothing = withNewest(fresh, { items: [], nextCursor: idOf(900) }, 50);
    const further = withOlder(nothing, { items: [], nextCursor: idOf(600) }, idOf(900));
    expect(withNewest(further, { items: [], nextCursor: idOf(910) }, 50).next).toBe(idOf(600));
    const found = withOlder(further, { items: [task(500)], nextCursor: idOf(300) }, idOf(600));
    const list = withNewest(found, { items: [task(1000)], nextCursor: idOf(910) }, 50);
    expect(numbers(list)).toEqual([1000, 500]);
    expect(list.next).toBe(idOf(300));
  });

  it('take no older ones that go on from elsewhere', () => {
    const list = withNewest(fresh, page(600, 50), 50);
    expect(withOlder(list, page(50, 50), idOf(51))).toBe(list);
  });

  it('change with their tasks, and go where their state is another than was asked for', () => {
    const list = withNewest(fresh, page(3, 50), 50);
    const changed = new Map([task(2, 'FAILURE'), task(9, 'FAILURE')].map((row) => [row.id, row]));
    expect(withChanged(list, changed, undefined).rows.map((row) => row.state)).toEqual([
      'PENDING',
      'FAILURE',
      'PENDING',
    ]);
    expect(numbers(withChanged(list, changed, 'PENDING,STARTED'))).toEqual([3, 1]);
  });
});

describe('one at a time', () => {
  it('ends what is slow, and does it once more for all who asked meanwhile', async () => {
    const ends: (() => void)[] = [];
    const ask = oneAtATime(() => new Promise((resolve) => void ends.push(resolve)));
    ask();
    ask();
    ask();
    expect(ends).toHaveLength(1);
    ends[0]!();
    await new Promise(setImmediate);
    expect(ends).toHaveLength(2);
    ends[1]!();
    await new Promise(setImmediate);
    expect(ends).toHaveLength(2);
    ask();
    expect(ends).toHaveLength(3);
  });
});
