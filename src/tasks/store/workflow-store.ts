import type { Database, Runner } from './database.js';
import { cascadeOf, cascadeFrom, type Cascade } from './cascading.js';
import type { InsertStore } from './insert-store.js';
import type { NewWorkflow } from './new-workflow.js';
import { revivable, type Parent } from './revivable.js';
import { cascade, cascadeStep, isReleasing, type CascadeRow } from './statements/cascade.js';
import {
  edgeValues,
  endedJoins,
  inputs,
  insertEdges,
  joinMore,
  lockJoins,
  lockOwn,
  type Input,
} from './statements/edges.js';
import { finish, finishValues, type Ending, type FinishedRow } from './statements/finish.js';
import { keyHolder, takeKey } from './statements/idempotency.js';
import {
  fallen,
  lockLive,
  lockReleases,
  parentsOf,
  revive,
  type Fallen,
  type RevivedRow,
} from './statements/revive.js';
import {
  dropSignals,
  giveWay,
  keepSignal,
  lockSignals,
  readSignal,
  signalScope,
  waitForSignal,
  wakeWaiting,
} from './statements/signals.js';
import {
  edgesAmong,
  listWorkflows,
  liveOfWorkflow,
  workflowCounts,
  workflowTasks,
} from './statements/workflow-view.js';
import type { TaskState } from './states.js';
import type { Tables } from './tables.js';
import { readyBatch, type Woken } from './ready-batch.js';
import type { EndedTask } from './task-store.js';

/** The execution that a worker holds. */
export interface Hold {
  readonly id: string;
  readonly fence: string;
  readonly workerId: string;
}

const ROWS = 1000;
const EDGES = 5000;
/** Dependents released in one step. */
const STEP = 1000;

/** Tasks that wait for each other. Every method is one transaction. */
export class WorkflowStore {
  private readonly statements;

  constructor(
    private readonly database: Database,
    tables: Tables,
    private readonly inserts: InsertStore,
  ) {
    this.statements = {
      takeKey: takeKey(tables),
      keyHolder: keyHolder(tables),
      edges: insertEdges(tables),
      inputs: inputs(tables),
      step: cascadeStep(tables),
      releasing: isReleasing(tables),
      cascade: cascade(tables),
      finish: finish(tables, true),
      lockOwn: lockOwn(tables),
      lockJoins: lockJoins(tables),
      endedJoins: endedJoins(tables),
      joinMore: joinMore(tables),
      giveWay: giveWay(tables),
      fallen: fallen(tables),
      parentsOf: parentsOf(tables),
      lockReleases: lockReleases(tables),
      lockLive: lockLive(tables),
      revive: revive(tables),
      scope: signalScope(tables),
      lockSignals: lockSignals(tables),
      keepSignal: keepSignal(tables),
      readSignal: readSignal(tables),
      wake: wakeWaiting(tables),
      wait: waitForSignal(tables),
      dropSignals: dropSignals(tables),
      counts: workflowCounts(tables),
      tasks: workflowTasks(tables),
      among: edgesAmong(tables),
      live: liveOfWorkflow(tables),
      list: listWorkflows(tables),
    };
  }

  /**
   * Inserts a workflow as a whole.
   * @param again whether an earlier try may have been stored
   * @param key unless it was used before
   */
  insert(
    workflow: NewWorkflow,
    again: boolean,
    key?: { key: Buffer; bodyHash: Buffer; ttlMs: number },
  ): Promise<{ holder?: { id: string; bodyHash: Buffer } | undefined; outbox: string[] }> {
    return this.database.transaction(async (runner) => {
      if (key) {
        const { takeKey: take, keyHolder: whose } = this.statements;
        const taken = await runner.run(take, [key.key, workflow.id, key.bodyHash, key.ttlMs]);
        if (taken.length === 0) {
          const [holder] = await runner.run<{ task_id: string; body_hash: Buffer }>(whose, [key.key]);
          return { holder: holder && { id: holder.task_id, bodyHash: holder.body_hash }, outbox: [] };
        }
      }
      return { outbox: await this.insertWithin(runner, workflow, again) };
    });
  }

  /** In a transaction of the caller's. @returns the outbox rows that name what is ready */
  async insertWithin(
    runner: Runner,
    { tasks, edges }: Pick<NewWorkflow, 'tasks' | 'edges'>,
    again = false,
  ): Promise<string[]> {
    const outbox: string[] = [];
    for (let i = 0; i < tasks.length; i += ROWS)
      outbox.push(...(await this.inserts.insertWithin(runner, tasks.slice(i, i + ROWS), again)));
    for (let i = 0; i < edges.length; i += EDGES)
      await runner.run(this.statements.edges, edgeValues(edges.slice(i, i + EDGES)));
    return outbox;
  }

  /** What these tasks waited for. */
  inputs(ids: readonly string[]): Promise<Input[]> {
    return this.database.run<Input & object>(this.statements.inputs, [ids]);
  }

  /** Goes on with the dependents of a task with many. @returns undefined when nothing is left */
  async cascadeStep(): Promise<{ cascade: Cascade; isEmpty: boolean } | undefined> {
    if ((await this.database.run(this.statements.releasing, [])).length === 0) return undefined;
    const rows = await this.database.run<CascadeRow>(this.statements.step, [STEP]);
    return { cascade: cascadeOf(rows, true), isEmpty: rows.length === 0 };
  }

  /**
   * Ends a task well and adds others to its group, for what waits for the group to wait for them too.
   * @returns undefined when the task was not the caller's any more, or is to be revoked
   * @throws NestedGroupError, and nothing is done
   */
  finishWithMore(
    ending: Ending,
    more: Pick<NewWorkflow, 'tasks' | 'edges'> & { readonly outputs: readonly string[] },
  ): Promise<{ rows: FinishedRow[]; cascade: Cascade; outbox: string[] } | undefined> {
    return this.database.transaction(async (runner) => {
      const {
        lockOwn: lock,
        lockJoins: live,
        endedJoins: ended,
        joinMore: join,
        finish: end,
      } = this.statements;
      if ((await runner.run(lock, [ending.id, ending.fence])).length === 0) return undefined;
      const joins: { id: string; feed: unknown }[] = [];
      for (const statement of [live, ended])
        joins.push(...(await runner.run<(typeof joins)[0]>(statement, [ending.id])));
      if (joins.length === 0 || joins.some(({ feed }) => feed !== null && feed !== '*'))
        throw new NestedGroupError();
      const outbox = await this.insertWithin(runner, more);
      await runner.run(join, [joins.map((row) => row.id), more.outputs, ending.id]);
      const finished = await runner.run<FinishedRow & object>(end, finishValues([ending]));
      return {
        rows: finished,
        outbox,
        cascade: await cascadeFrom(runner, this.statements.cascade, finished),
      };
    });
  }

  /** Puts other tasks in the place of a running one. @returns undefined when it was not the caller's any more */
  replace(hold: Hold, by: NewWorkflow): Promise<{ outbox: string[] } | undefined> {
    return this.database.transaction(async (runner) => {
      const given = await runner.run(this.statements.giveWay, [hold.id, hold.fence, by.id, hold.workerId]);
      return given.length === 0 ? undefined : { outbox: await this.insertWithin(runner, by) };
    });
  }

  /** Lets a running task wait for a signal without its slot. @returns undefined when it was not the caller's any more */
  wait(hold: Hold, scope: string, name: string, timeoutMs: number | null): Promise<Woken | undefined> {
    return this.database.transaction(async (runner) => {
      await runner.run(this.statements.lockSignals, [scope]);
      const { id, fence, workerId } = hold;
      const waiting = await runner.run(this.statements.wait, [id, fence, name, timeoutMs, workerId]);
      if (waiting.length === 0) return undefined;
      const [signal] = await runner.run<{ given: boolean }>(this.statements.readSignal, [scope, name, null]);
      if (!signal!.given) return { tasks: [], outbox: [] };
      return readyBatch(await runner.run<Woken['tasks'][number]>(this.statements.wake, [scope, name]));
    });
  }

  /** @param until as Postgres prints it: whether it is over by then */
  async readSignal(
    scope: string,
    name: string,
    until: string | null,
  ): Promise<{ given: boolean; payload: string | null; late: boolean }> {
    const rows = await this.database.run<{ given: boolean; payload: string | null; late: boolean }>(
      this.statements.readSignal,
      [scope, name, until],
    );
    return rows[0]!;
  }

  /** @returns what it woke; undefined for an unknown id, and what stood in the way of a known one */
  signal(
    id: string,
    name: string,
    payload: string | null,
  ): Promise<Woken | 'ended' | 'given before' | undefined> {
    return this.database.transaction(async (runner) => {
      const [found] = await runner.run<{ scope: string; live: boolean }>(this.statements.scope, [id]);
      if (!found) return undefined;
      if (!found.live) return 'ended';
      await runner.run(this.statements.lockSignals, [found.scope]);
      const kept = await runner.run(this.statements.keepSignal, [found.scope, name, payload]);
      if (kept.length === 0) return 'given before';
      return readyBatch(await runner.run<Woken['tasks'][number]>(this.statements.wake, [found.scope, name]));
    });
  }

  /**
   * Makes failed and revoked tasks of a workflow live again, and what they had dragged along.
   * @param only just this one, if the others that it waited for have ended well
   * @returns `gated`: the ids of those with limits; undefined when there is nothing to bring back
   */
  revive(
    workflow: string,
    only: string | undefined,
    by: string | null,
    prepare: (gated: readonly string[]) => Promise<void>,
  ): Promise<Cascade | undefined> {
    return this.database.transaction(async (runner) => {
      let known = { all: 0, parents: 0 };
      for (;;) {
        const all = await runner.run<Fallen & object>(this.statements.fallen, [workflow]);
        const ids = all.map(({ id }) => id);
        await runner.run(this.statements.lockReleases, [ids]);
        const parents = await runner.run<Parent & object>(this.statements.parentsOf, [ids]);
        const locked = await runner.run<{ id: string }>(this.statements.lockLive, [
          [...new Set(parents.map(({ parent }) => parent))],
        ]);
        // one that was still running may have failed, or added to its group, while its row was waited for
        if (all.length > known.all || parents.length > known.parents) {
          known = { all: all.length, parents: parents.length };
          continue;
        }
        const waits = revivable(all, parents, new Set(locked.map(({ id }) => id)), only);
        if (waits.size === 0) return undefined;
        const values = [[...waits.keys()], [...waits.values()], by];
        const rows = await runner.run<RevivedRow>(this.statements.revive, values);
        await prepare(rows.filter((row) => row.gated).map(({ id }) => id));
        return cascadeOf(rows, false);
      }
    });
  }

  async counts(workflow: string): Promise<{ state: TaskState; unneeded: boolean; n: number }[]> {
    return this.database.run(this.statements.counts, [workflow]);
  }

  /** The ids of its first tasks. */
  async tasks(workflow: string, limit: number): Promise<string[]> {
    const rows = await this.database.run<{ id: string }>(this.statements.tasks, [workflow, limit]);
    return rows.map(({ id }) => id);
  }

  edgesAmong(ids: readonly string[]): Promise<{ from: string; to: string; policy: number }[]> {
    return this.database.run(this.statements.among, [ids]);
  }

  live(workflow: string, after: string, limit: number): Promise<Omit<EndedTask, 'flags'>[]> {
    return this.database.run(this.statements.live, [workflow, after, limit]);
  }

  async list(before: string | null, owner: string | null, limit: number): Promise<string[]> {
    const rows = await this.database.run<{ id: string }>(this.statements.list, [before, owner, limit]);
    return rows.map(({ id }) => id);
  }

  /** @returns whether there may be more */
  async dropOldSignals(limit: number): Promise<boolean> {
    return (await this.database.run<{ n: number }>(this.statements.dropSignals, [limit]))[0]!.n >= limit;
  }
}

/** A task may only be added to a group whose results are one flat list. */
export class NestedGroupError extends Error {}
