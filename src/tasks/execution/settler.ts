import { Logger } from '@nestjs/common';
import type { Relay } from '../control/relay.js';
import { Batcher, bisect } from '../store/batcher.js';
import { isDataError } from '../store/database.js';
import { retrying } from '../store/retrying.js';
import type { FinalState } from '../store/states.js';
import type { Execution } from '../store/statements/claim.js';
import type { Deferral, DeferredRow } from '../store/statements/defer.js';
import type { Ending } from '../store/statements/finish.js';
import type { TaskChannel } from '../store/task-channel.js';
import { noted, type TaskStore } from '../store/task-store.js';
import { failure, type Outcome } from './outcome.js';

/** What became of a task: its state, or that it was somebody else's by then. */
export type Settled = FinalState | 'RETRY' | 'PENDING' | 'fenced';

const MAX_BATCH = 500;
const CAPACITY = 100_000;

/** Writes outcomes, in batches, for as long as it takes: a result in flight survives an outage of the database. */
export class Settler {
  private readonly logger = new Logger('Tasks');
  private readonly endings: Batcher<Ending, Settled>;
  private readonly deferrals: Batcher<Deferral, Settled>;
  private readonly abandon = new AbortController();

  constructor(
    private readonly store: TaskStore,
    private readonly relay: Relay,
    private readonly channel: TaskChannel,
    private readonly workerId: () => string,
  ) {
    const batch = { lanes: 2, maxItems: MAX_BATCH, capacity: CAPACITY };
    this.endings = new Batcher({ ...batch, what: 'results', execute: (items) => this.finish(items) });
    this.deferrals = new Batcher({
      ...batch,
      lanes: 1,
      what: 'retries',
      execute: (items) => this.defer(items),
    });
  }

  /** @param progress the last progress that is not written yet, JSON */
  async settle(execution: Execution, outcome: Outcome, progress: string | null): Promise<Settled> {
    const settled = await this.write(execution, outcome, progress);
    if (settled === 'fenced') await this.noteFenced(execution);
    return settled;
  }

  /** Gives up on what cannot be written any more: leases and inventories of others take over. */
  async stop(): Promise<void> {
    this.abandon.abort();
    await Promise.all([this.endings.drained(), this.deferrals.drained()]);
  }

  private async write(execution: Execution, outcome: Outcome, progress: string | null): Promise<Settled> {
    const { id, fence, dispatch, options } = execution;
    const expires = options?.resultExpiresMs !== undefined;
    const error = outcome.error && JSON.stringify(outcome.error);
    if (outcome.kind === 'end') {
      const { state, result, large } = outcome;
      try {
        return await this.endings.add({
          id,
          fence,
          state,
          result,
          largeResult: large,
          error,
          progress,
          expires,
        });
      } catch (refused) {
        if (!isDataError(refused) || state === 'FAILURE') throw refused;
        const problem = new Error(`the result could not be stored: ${(refused as Error).message}`);
        return this.write(execution, failure(problem), null);
      }
    }
    const { kind: _kind, error: _error, ...rest } = outcome;
    const settled = await this.deferrals.add({ id, fence, dispatch, ...rest, error, progress });
    // its revocation was asked for meanwhile: then it is not tried again
    if (settled === 'fenced')
      return this.endings.add({
        id,
        fence,
        state: 'REVOKED',
        result: null,
        largeResult: false,
        error: null,
        progress,
        expires,
      });
    return settled;
  }

  private async finish(items: readonly Ending[]): Promise<readonly (Settled | Error)[]> {
    const settled = new Map<string, FinalState>();
    const refused = new Map<string, Error>();
    const errors = await bisect<Ending, void>(items, isDataError, async (part) => {
      let tries = 0;
      const rows = await this.surely((tried) => {
        tries = tried;
        return this.store.finish(part);
      });
      for (const row of rows) settled.set(row.id, row.state);
      const missing = tries === 0 ? [] : part.filter((ending) => !settled.has(ending.id));
      if (missing.length > 0)
        for (const row of await this.surely(() => this.store.finishedUnder(missing)))
          settled.set(row.id, row.state);
      return part.map(() => undefined);
    });
    errors.forEach((error, i) => error instanceof Error && refused.set(items[i]!.id, error));
    this.channel.changed([...settled.keys()]);
    return items.map((ending) => refused.get(ending.id) ?? settled.get(ending.id) ?? 'fenced');
  }

  private async defer(items: readonly Deferral[]): Promise<readonly Settled[]> {
    const workerId = this.workerId();
    const rows: DeferredRow[] = [];
    await this.surely(async (tried) => {
      if (tried > 0) rows.push(...(await this.store.deferredUnder(workerId, items)));
      const known = new Set(rows.map((row) => row.id));
      const open = items.filter((item) => !known.has(item.id));
      if (open.length > 0) rows.push(...(await this.store.defer(workerId, open)));
    });
    const deferred = new Map(rows.map((row) => [row.id, row]));
    this.channel.changed([...deferred.keys()]);
    this.relay.send({ tasks: rows.filter((row) => row.ready), outbox: noted(rows) });
    // a task with limits waits for these even without a delay
    for (const item of items) if (deferred.get(item.id)?.ready === false) this.channel.due(item.delayMs);
    return items.map((item) => (deferred.has(item.id) ? item.state : 'fenced'));
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
