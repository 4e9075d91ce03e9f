import { randomUUID } from 'node:crypto';
import type pg from 'pg';
import { describeTask } from '#dist/tasks/definition/describe-task.js';
import { composeTask } from '#dist/tasks/submission/compose-task.js';
import type { SubmitOptions } from '#dist/tasks/submission/submit-options.js';
import { Database } from '#dist/tasks/store/database.js';
import { connectionSettings } from '#dist/tasks/store/connection.js';
import { GateStore, roundFrom } from '#dist/tasks/store/gate-store.js';
import type { ClaimedTask } from '#dist/tasks/store/statements/claim.js';
import { InsertStore } from '#dist/tasks/store/insert-store.js';
import { tablesOf } from '#dist/tasks/store/tables.js';
import { newFence } from '#dist/tasks/store/fence.js';
import { TaskStore } from '#dist/tasks/store/task-store.js';
import { UniqueStore } from '#dist/tasks/store/unique-store.js';

/** One thing that a process may do, with a number that picks among what is there. */
export interface Step {
  readonly what: (typeof STEPS)[number];
  readonly pick: number;
}

export const STEPS = [
  'submit',
  'submit delayed',
  'submit limited',
  'submit unique',
  'submit at most once',
  'claim',
  'claim by message',
  'succeed',
  'fail',
  'retry',
  'retry later',
  'release',
  'revoke',
  'terminate',
  'bury',
  'rescue',
  'promote',
  'admit',
  'expire',
  'pause',
  'resume',
  'operator retry',
] as const;

interface LiveRow {
  id: string;
  state: string;
  worker_id: string | null;
  fence: string | null;
  dispatch: number;
  attempt: number;
  retries: number;
  crashes: number;
  ready_at: Date | null;
  flags: number;
}

const CONCURRENCY = 2;
const HOUR_MS = 3_600_000;
const WORKERS = 2;
const ENDED = ['SUCCESS', 'FAILURE', 'REVOKED'];

/** The stores alone, on several connections, and what was observed of them. */
export class StateMachine {
  private readonly database: Database;
  private readonly store: TaskStore;
  private readonly gates: GateStore;
  private readonly inserts: InsertStore;
  private readonly unique: UniqueStore;
  private run = 0;
  private queue = '';
  private workers: string[] = [];
  private ids = new Set<string>();
  private held: { worker: string; task: ClaimedTask }[] = [];
  /** Executions that were given to a worker. */
  private given = new Set<string>();
  private messages: { id: string; dispatch: number }[] = [];
  private finished = new Map<string, string>();
  private retried = new Set<string>();
  private paused = false;

  constructor(
    private readonly sql: pg.Pool,
    url: string,
  ) {
    const tables = tablesOf('celeriac');
    this.database = new Database(connectionSettings({ type: 'postgres', url }, undefined));
    this.store = new TaskStore(this.database, tables);
    this.gates = new GateStore(this.database, tables);
    this.inserts = new InsertStore(this.database, tables);
    this.unique = new UniqueStore(this.database, tables, this.inserts);
  }

  close(): Promise<void> {
    return this.database.close();
  }

  /** A queue, a limit and workers of its own. */
  async begin(): Promise<void> {
    this.queue = `run-${++this.run}`;
    this.workers = [];
    this.ids = new Set();
    this.held = [];
    this.given = new Set();
    this.messages = [];
    this.finished = new Map();
    this.retried = new Set();
    this.paused = false;
    await this.store.knowQueues([this.queue]);
    for (let i = 0; i < WORKERS; i++) await this.hire();
  }

  /** Side by side, on connections of their own. Then nothing may be wrong. */
  async together(steps: readonly Step[]): Promise<void> {
    // what is claimed while somebody else pauses may be either way
    const isPaused = this.paused && !steps.some(({ what }) => what === 'resume');
    const before = this.given.size;
    await Promise.all(steps.map((step) => this.step(step)));
    if (isPaused && this.given.size > before) throw new Error('a paused queue was taken from');
    await this.check();
  }

  /** Runs all that is left: everything must end. */
  async end(): Promise<void> {
    await this.pause(false);
    // what was lost again and again is spread over some seconds
    const deadline = Date.now() + 30_000;
    while (Date.now() < deadline) {
      await this.store.rescue(100, 100, HOUR_MS);
      await this.store.promoteDue(100);
      await this.gates.admit(roundFrom(''));
      await this.claim(this.workers[0]!);
      for (const { task } of this.held.splice(0)) await this.finish(task, 'SUCCESS');
      const { rows } = await this.sql.query('SELECT FROM celeriac.task WHERE queue = $1', [this.queue]);
      if (rows.length === 0) return this.check();
    }
    const { rows } = await this.sql.query('SELECT * FROM celeriac.task WHERE queue = $1', [this.queue]);
    throw new Error(`${rows.length} tasks never end: ${JSON.stringify(rows[0])}`);
  }

  private async step({ what, pick }: Step): Promise<unknown> {
    const worker = this.workers[pick % this.workers.length]!;
    const id = [...this.ids][pick % Math.max(1, this.ids.size)];
    switch (what) {
      case 'submit':
        return this.submit({});
      case 'submit delayed':
        return this.submit({ countdown: 1 + (pick % 5) });
      case 'submit limited':
        return this.submit({}, true);
      case 'submit unique':
        return this.submit({
          unique: { key: String(pick % 2), onConflict: pick % 3 ? 'existing' : 'replace' },
        });
      case 'submit at most once':
        return this.submit({ acksLate: false });
      case 'claim':
        return this.claim(worker);
      case 'claim by message':
        return this.claimByMessage(worker, pick);
      case 'succeed':
      case 'fail':
        return this.withHeld(pick, ({ task }) => this.finish(task, what === 'fail' ? 'FAILURE' : 'SUCCESS'));
      case 'retry':
      case 'retry later':
      case 'release':
        return this.withHeld(pick, (held) => this.defer(held, what));
      case 'revoke':
      case 'terminate':
        return id && this.store.revoke([id], what === 'terminate', 0, null);
      case 'bury':
        await this.sql.query('UPDATE celeriac.worker SET dead_at = now() WHERE id = $1', [worker]);
        this.workers = this.workers.filter((other) => other !== worker);
        return this.hire();
      case 'rescue':
        return this.store.rescue(100, 3, HOUR_MS);
      case 'promote':
        return this.store.promoteDue(100);
      case 'admit':
        return this.gates.admit(roundFrom(''));
      case 'expire':
        return this.store.expire(100);
      case 'pause':
      case 'resume':
        return this.pause(what === 'pause');
      // an operator's retry
      default:
        if (id === undefined) return undefined;
        this.retried.add(id);
        return this.store.retryFinished(id, 'operator');
    }
  }

  private async hire(): Promise<void> {
    const id = randomUUID();
    await this.store.registerWorker(id, id, 600_000, { info: {}, status: {} });
    this.workers.push(id);
  }

  private async submit(options: SubmitOptions, limited = false): Promise<void> {
    const limit = { concurrency: CONCURRENCY };
    const name = `${limited ? 'limited' : 'free'}.${this.queue}`;
    const task = describeTask({ run: () => undefined }, 'Tasks', 'run', {
      name,
      queue: this.queue,
      ...(limited && { limit }),
    });
    const row = composeTask(task, [], options);
    this.ids.add(row.id);
    if (row.unique) {
      const { ids } = await this.unique.insert([row], false);
      if (ids[0] !== row.id) this.ids.delete(row.id);
    } else {
      if (limited) await this.gates.ensure(row.gates);
      await this.inserts.insert([row]);
    }
  }

  private async claim(worker: string): Promise<void> {
    const places = [{ queue: this.queue, priority: 0, from: '-infinity' }];
    this.take(worker, await this.store.claim(worker, places, 3, newFence()));
  }

  /** Every message that was ever there may come again. */
  private async claimByMessage(worker: string, pick: number): Promise<void> {
    const { rows } = await this.sql.query<{ id: string; dispatch: number }>(
      'SELECT id, dispatch FROM celeriac.task WHERE queue = $1 AND ready_at IS NOT NULL',
      [this.queue],
    );
    this.messages.push(...rows);
    if (this.messages.length === 0) return;
    const message = this.messages[pick % this.messages.length]!;
    this.take(worker, await this.store.claimById(worker, [message, message], newFence()));
  }

  private take(worker: string, claimed: readonly ClaimedTask[]): void {
    for (const task of claimed) {
      const execution = `${task.id}:${task.dispatch}`;
      if (this.given.has(execution)) throw new Error(`${execution} was given out twice`);
      this.given.add(execution);
      this.held.push({ worker, task });
    }
  }

  private async withHeld(
    pick: number,
    work: (held: { worker: string; task: ClaimedTask }) => Promise<unknown>,
  ): Promise<void> {
    const [held] = this.held.splice(pick % Math.max(1, this.held.length), 1);
    if (held) await work(held);
  }

  private async finish({ id, fence }: ClaimedTask, state: 'SUCCESS' | 'FAILURE'): Promise<void> {
    const ending = { id, fence, state, result: null, largeResult: false, error: null, progress: null };
    await this.store.finish([{ ...ending, expires: false, awaited: false }]);
  }

  private async defer({ worker, task }: { worker: string; task: ClaimedTask }, what: string): Promise<void> {
    const { id, fence, dispatch } = task;
    const isRelease = what === 'release';
    const deferred = await this.store.defer(worker, [
      {
        id,
        fence,
        dispatch,
        state: isRelease ? 'PENDING' : 'RETRY',
        delayMs: what === 'retry later' ? 3 : 0,
        counted: !isRelease,
        charged: !isRelease,
        outcome: isRelease ? 'released' : 'retried',
        error: null,
        progress: null,
      },
    ]);
    // as the settler does: what is not deferred was revoked meanwhile, or is somebody else's
    if (deferred.length === 0) await this.finish(task, 'FAILURE');
  }

  private async pause(paused: boolean): Promise<void> {
    await this.sql.query(
      'UPDATE celeriac.queue SET paused_at = CASE WHEN $2 THEN now() END WHERE name = $1',
      [this.queue, paused],
    );
    this.paused = paused;
  }

  private async check(): Promise<void> {
    // a pause and a resume at the same time end in either way
    const { rows: queues } = await this.sql.query<{ paused: boolean }>(
      'SELECT paused_at IS NOT NULL AS paused FROM celeriac.queue WHERE name = $1',
      [this.queue],
    );
    this.paused = queues[0]!.paused;
    const { rows: live } = await this.sql.query<LiveRow>(
      'SELECT id, state, worker_id, fence, dispatch, attempt, retries, crashes, ready_at, flags FROM celeriac.task WHERE queue = $1',
      [this.queue],
    );
    const { rows: done } = await this.sql.query<Pick<LiveRow, 'id' | 'state'>>(
      'SELECT id, state, dispatch, attempt, fence FROM celeriac.task_done WHERE queue = $1',
      [this.queue],
    );
    const present = [...live, ...done].map((row) => row.id);
    if (new Set(present).size !== present.length) throw new Error('a task is live and finished');
    for (const id of this.ids) if (!present.includes(id)) throw new Error(`${id} is lost`);
    if (present.length !== this.ids.size) throw new Error('a task appeared that nobody submitted');
    let admitted = 0;
    for (const row of live) {
      const held = [row.state === 'STARTED', row.worker_id !== null, row.fence !== null];
      if (new Set(held).size !== 1) throw new Error(`half held: ${JSON.stringify(row)}`);
      if (ENDED.includes(row.state)) throw new Error(`live and ${row.state}`);
      if (row.attempt > row.dispatch || row.attempt < 0) throw new Error(`attempts: ${JSON.stringify(row)}`);
      if (row.retries + row.crashes >= row.dispatch) throw new Error(`budgets: ${JSON.stringify(row)}`);
      if (row.flags & 4 && (row.ready_at !== null || row.worker_id !== null)) admitted++;
    }
    if (admitted > CONCURRENCY) throw new Error(`${admitted} passed a limit of ${CONCURRENCY}`);
    for (const row of done) {
      const now = JSON.stringify(row);
      const was = this.finished.get(row.id);
      if (was !== undefined && was !== now && !this.retried.has(row.id))
        throw new Error(`a finished task changed: ${was} → ${now}`);
      this.finished.set(row.id, now);
    }
    for (const id of this.finished.keys())
      if (!this.retried.has(id) && !done.some((row) => row.id === id))
        throw new Error(`a finished task is live again: ${id}`);
  }
}
