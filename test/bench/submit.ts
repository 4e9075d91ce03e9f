import { v7 as uuidv7 } from 'uuid';
import type { NewTask } from '#dist/tasks/store/new-task.js';
import { insertTasks, insertValues } from '#dist/tasks/store/statements/insert-tasks.js';
import { inLanes, rate, type Bench } from './harness.js';
import { BenchTasks } from './harness.js';

const IN_FLIGHT = 500;
const LANES = 2;

export function newRow(): NewTask {
  return {
    id: uuidv7(),
    dispatch: 1,
    name: 'bench.add',
    queue: 'default',
    priority: 0,
    eta: null,
    delayMs: null,
    expires: null,
    lifetimeMs: null,
    owner: null,
    tags: null,
    args: '[2,3]',
    large: false,
    options: null,
    flags: 0,
    parentId: null,
    rootId: null,
    waitingOn: null,
    groupId: null,
    workflowId: null,
    gates: [],
    unique: null,
  };
}

/** `delay()` with 500 in flight: resolved means committed. */
export function submits(bench: Bench, count: number): Promise<number> {
  const add = bench.tasks.of(BenchTasks).add;
  let left = count;
  return rate(count, () =>
    inLanes(IN_FLIGHT, async () => {
      if (left-- <= 0) return false;
      await add.delay(2, 3);
      return true;
    }),
  );
}

/** The same rows by plain pg, in the batches that 500 in flight make on two lanes. */
export function rawInserts(bench: Bench, count: number): Promise<number> {
  const { text, name } = insertTasks(bench.tables);
  const size = IN_FLIGHT / LANES;
  let left = count / size;
  return rate(count, () =>
    inLanes(LANES, async () => {
      if (left-- <= 0) return false;
      const values = insertValues(Array.from({ length: size }, newRow));
      await bench.sql.query({ name, text, values });
      return true;
    }),
  );
}

/** Rows by plain SQL, in batches of 500, on a connection that may be in a transaction. */
export async function insertRows(client: Queryable, bench: Bench, count: number): Promise<void> {
  const { text } = insertTasks(bench.tables);
  for (let left = count; left > 0; left -= 500)
    await client.query(text, insertValues(Array.from({ length: Math.min(500, left) }, newRow)));
}

interface Queryable {
  query(text: string, values: unknown[]): Promise<unknown>;
}
