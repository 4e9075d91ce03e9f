import { Batcher } from '../store/batcher.js';
import { FED } from '../store/columns.js';
import { retrying } from '../store/retrying.js';
import type { ClaimedTask } from '../store/statements/claim.js';
import type { Input } from '../store/statements/edges.js';
import type { Feed } from '../store/task-record.entity.js';
import type { WorkflowStore } from '../store/workflow-store.js';
import type { TaskFailure } from '../workflow/signature.js';

/** Makes the arguments of tasks that waited for others from the results of these. */
export class Inputs {
  private readonly batcher: Batcher<string, readonly Input[]>;

  constructor(private readonly store: Pick<WorkflowStore, 'inputs'>) {
    this.batcher = new Batcher({
      what: 'joins',
      lanes: 1,
      maxItems: 200,
      capacity: 10_000,
      execute: (ids) => this.read(ids),
    });
  }

  /**
   * The arguments of a claimed task: those that it was submitted with, behind what it waited for. Waits while the
   * database is away.
   */
  async argsOf(task: ClaimedTask): Promise<unknown[] | Error> {
    const given = parseArgs(task.args);
    if (given instanceof Error || !(task.flags & FED)) return given;
    const read = task.inputs ?? (await this.batcher.add(task.id));
    const inputs = new Map(read.map((input) => [input.position, input]));
    try {
      return [made(task.options?.feed ?? 0, inputs), ...given];
    } catch (error) {
      return error as Error;
    }
  }

  private async read(ids: readonly string[]): Promise<readonly (readonly Input[])[]> {
    const byChild = new Map<string, Input[]>(ids.map((id) => [id, []]));
    const inputs = await retrying({ until: Number.POSITIVE_INFINITY }, () => this.store.inputs(ids));
    for (const input of inputs) byChild.get(input.child)!.push(input);
    return ids.map((id) => byChild.get(id)!);
  }
}

/** @throws Error when a record that it needs is gone */
function made(feed: Feed, inputs: ReadonlyMap<number, Input>): unknown {
  if (typeof feed === 'number') return resultOf(inputs.get(feed));
  if (feed === '*') return [...inputs.values()].map(resultOf);
  if (feed === '!') return failureOf(inputs.get(0));
  if (Array.isArray(feed)) return (feed as readonly Feed[]).map((each) => made(each, inputs));
  const named = Object.entries(feed as Readonly<Record<string, Feed>>);
  return Object.fromEntries(named.map(([name, each]) => [name, made(each, inputs)]));
}

/** null for one that failed and was allowed to. */
function resultOf(input: Input | undefined): unknown {
  if (!input)
    throw new Error('the record of a task that it waited for is gone: its result cannot be handed over');
  return input.result === null ? null : JSON.parse(input.result);
}

function failureOf(input: Input | undefined): TaskFailure {
  if (!input) throw new Error('the record of the task that failed is gone');
  const { id, name, error } = input;
  return { id, name, error: { name: error?.name ?? 'Error', message: error?.message ?? '' } };
}

function parseArgs(json: string): unknown[] | Error {
  try {
    const args: unknown = JSON.parse(json);
    if (Array.isArray(args)) return args;
  } catch {
    // said below
  }
  return new Error('its arguments are not a JSON array: the row was changed by hand, or its payload is gone');
}
