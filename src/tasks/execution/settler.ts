import { Logger } from '@nestjs/common';
import type { Dependents } from '../control/dependents.js';
import type { Relay } from '../control/relay.js';
import { Batcher, bisect } from '../store/batcher.js';
import { isDataError } from '../store/database.js';
import { retrying } from '../store/retrying.js';
import type { FinalState } from '../store/states.js';
import type { ClaimedTask, Execution } from '../store/statements/claim.js';
import type { Deferral, DeferredRow } from '../store/statements/defer.js';
import type { Ending } from '../store/statements/finish.js';
import type { TaskChannel } from '../store/task-channel.js';
import { noted } from '../store/ready-batch.js';
import type { TaskStore } from '../store/task-store.js';
import type { Step } from '../workflow/step.js';
import { Advancer } from './advancer.js';
import type { Growth } from './growth.js';
import { endingOf, failure, revoked, type End, type Outcome } from './outcome.js';
import type { RunningTask } from './running-task.js';

/** What became of a task: its state, or that it was somebody else's by then. */
export type Settled = FinalState | 'RETRY' | 'PENDING' | 'WAITING' | 'fenced';

export interface Settlement {
  readonly settled: Settled;
  /** What waited for it alone, claimed by this worker along with its end. */
  readonly heir?: ClaimedTask | undefined;
}

const MAX_BATCH = 500;
const CAPACITY = 100_000;

/** Writes outcomes, in batches, for as long as it takes: a result in flight survives an outage of the database. */
export class Settler {
  private readonly logger = new Logger('Tasks');
  private readonly endings: Batcher<Ending, Settled>;
  private readonly deferrals: Batcher<Deferral, Settled>;
  private readonly advancer: Advancer;
  private readonly abandon = new AbortController();

  constructor(
    private readonly store: TaskStore,
    private readonly relay: Pick<Relay, 'send'>,
    private readonly channel: TaskChannel,
    private readonly workerId: () => string,
    private readonly dependents: Dependents,
    private readonly growth?: Growth,
    takes: () => { queues: readonly string[]; names: readonly string[] } = () => ({ queues: [], names: [] }),
  ) {
    const batch = { lanes: 2, maxItems: MAX_BATCH, capacity: CAPACITY };
    this.endings = new Batcher({ ...batch, what: 'results', execute: (items) => this.finish(items) });
    this.deferrals = new Batcher({
      ...batch,
      lanes: 1,
      what: 'retries',
      execute: (items) => this.defer(items),
    });
    this.advancer = new Advancer({
      store,
      channel,
      inheritor: () => ({ workerId: workerId(), ...takes() }),
      signal: this.abandon.signal,
    });
  }

  /**
   * @param progress the last progress that is not written yet, JSON
   * @param running for outcomes that only a handler has
   * @param leadsOn whether its worker would go on with what waits for it alone
   */
  async settle(
    execution: Execution,
    outcome: Outcome,
    progress: string | null,
    running?: RunningTask,
    leadsOn = false,
  ): Promise<Settlement> {
    let settled: Settled;
    if (!grows(outcome)) {
      const advanced = leadsOn && (await this.advance(execution, outcome, progress));
      if (advanced) return { settled: advanced.state, heir: advanced.heir };
      settled = await this.write(execution, outcome, progress);
    } else if (running && this.growth) settled = await this.grow(this.growth, running, outcome, progress);
    else throw new Error(`only a running task may end as '${outcome.kind}'`);
    if (settled === 'fenced') await this.noteFenced(execution);
    return { settled };
  }

  /** Gives up on what cannot be written any more: leases and inventories of others take over. */
  async stop(): Promise<void> {
    this.abandon.abort();
    await Promise.all([this.endings.drained(), this.deferrals.drained(), this.advancer.drained()]);
  }

  private async grow(
    growth: Growth,
    running: RunningTask,
    outcome: Growing,
    progress: string | null,
  ): Promise<Settled> {
    const { task } = running;
    const grown = await this.surely(async (tried) => {
      const before = tried > 0 && (await this.grewBefore(task, outcome));
      if (before) return before;
      if (outcome.kind === 'wait')
        return growth.wait(task, outcome.signal, outcome.timeoutMs, this.workerId());
      if (outcome.kind === 'replace') return growth.replace(running, outcome.step, this.workerId());
      return growth.finishWithMore(running, endingOf(task, outcome, progress), outcome.more);
    });
    if (grown instanceof Error) return this.write(task, failure(grown), progress);
    return grown === 'fenced' ? this.revoked(task, progress) : grown;
  }

  /** What an earlier try did whose answer was lost. */
  private async grewBefore(task: Execution, { kind }: Growing): Promise<Settled | undefined> {
    const grown =
      kind === 'end'
        ? (await this.store.finishedUnder([task]))[0]?.state
        : (await this.store.deferredUnder(this.workerId(), [task])).length > 0 && 'WAITING';
    if (!grown) return undefined;
    this.channel.changed([task.id]);
    return grown;
  }

  /** @returns undefined when more is to be done than to end it and to go on */
  private async advance({ id, fence, options }: Execution, outcome: Plain, progress: string | null) {
    if (outcome.kind !== 'end' || outcome.state !== 'SUCCESS' || outcome.large) return undefined;
    if (options?.resultExpiresMs !== undefined) return undefined;
    return this.advancer.advance({ id, fence, result: outcome.result, progress });
  }

  private async write(execution: Execution, outcome: Plain, progress: string | null): Promise<Settled> {
    try {
      return await this.add(execution, outcome, progress);
    } catch (refused) {
      if (!isDataError(refused)) throw refused;
      if (progress !== null) return this.write(execution, outcome, null);
      if (outcome.kind !== 'end' || outcome.state === 'FAILURE') throw refused;
      const problem = new Error(`the result could not be stored: ${(refused as Error).message}`);
      return this.write(execution, failure(problem), null);
    }
  }

  private async add(execution: Execution, outcome: Plain, progress: string | null): Promise<Settled> {
    if (outcome.kind === 'end') return this.endings.add(endingOf(execution, outcome, progress));
    const { id, fence, dispatch } = execution;
    const { kind: _kind, error, ...rest } = outcome;
    const settled = await this.deferrals.add({
      id,
      fence,
      dispatch,
      ...rest,
      error: error && JSON.stringify(error),
      progress,
    });
    return settled === 'fenced' ? this.revoked(execution, progress) : settled;
  }

  /** What is to run again is not, when its revocation was asked for meanwhile. */
  private revoked(execution: Execution, progress: string | null): Promise<Settled> {
    return this.endings.add(endingOf(execution, revoked(), progress));
  }

  private async finish(items: readonly Ending[]): Promise<readonly (Settled | Error)[]> {
    const settled = new Map<string, FinalState>();
    const refused = new Map<string, Error>();
    const errors = await bisect<Ending, void>(items, isDataError, async (part) => {
      let tries = 0;
      const ended = await this.surely((tried) => {
        tries = tried;
        return this.store.finish(part);
      });
      this.dependents.follow(ended.cascade);
      for (const row of ended.rows) settled.set(row.id, row.state);
      // what an earlier try did whose answer was lost
      const missing = tries === 0 ? [] : part.filter((ending) => !settled.has(ending.id));
      if (missing.length > 0)
        for (const row of await this.surely(() => this.store.finishedUnder(missing)))
          settled.set(row.id, row.state);
      return part.map(() => undefined);
    });
    errors.forEach((error, i) => error instanceof Error && refused.set(items[i]!.id, error));
    this.channel.changed([...settled.keys()]);
    return items.map(({ id }) => refused.get(id) ?? settled.get(id) ?? 'fenced');
  }

  private async defer(items: readonly Deferral[]): Promise<readonly (Settled | Error)[]> {
    const deferred = new Map<string, DeferredRow>();
    const refused = await bisect<Deferral, void>(items, isDataError, async (part) => {
      for (const row of await this.deferred(part)) deferred.set(row.id, row);
      return part.map(() => undefined);
    });
    const rows = [...deferred.values()];
    this.channel.changed([...deferred.keys()]);
    this.relay.send({ tasks: rows.filter((row) => row.ready), outbox: noted(rows) });
    // a task with limits waits for these even without a delay
    for (const item of items) if (deferred.get(item.id)?.ready === false) this.channel.due(item.delayMs);
    return items.map((item, i) => refused[i] ?? (deferred.has(item.id) ? item.state : 'fenced'));
  }

  private async deferred(items: readonly Deferral[]): Promise<readonly DeferredRow[]> {
    const workerId = this.workerId();
    const rows: DeferredRow[] = [];
    await this.surely(async (tried) => {
      if (tried > 0) rows.push(...(await this.store.deferredUnder(workerId, items)));
      const known = new Set(rows.map((row) => row.id));
      const open = items.filter((item) => !known.has(item.id));
      if (open.length > 0) rows.push(...(await this.store.defer(workerId, open)));
    });
    return rows;
  }

  private async noteFenced(execution: Execution): Promise<void> {
    this.logger.warn(
      `the outcome of ${execution.name} ${execution.id} was refused: it had been revoked, or given to another worker`,
    );
    await this.surely(() => this.store.markFenced(execution)).catch(() => undefined);
  }

  private surely<T>(work: (tried: number) => Promise<T>): Promise<T> {
    return retrying({ until: Number.POSITIVE_INFINITY, signal: this.abandon.signal }, work);
  }
}

type Plain = Exclude<Outcome, { kind: 'wait' | 'replace' }>;
type Growing = Extract<Outcome, { kind: 'wait' | 'replace' }> | (End & { more: readonly Step[] });

function grows(outcome: Outcome): outcome is Growing {
  return (
    outcome.kind === 'wait' ||
    outcome.kind === 'replace' ||
    (outcome.kind === 'end' && outcome.more !== undefined)
  );
}
