import type { TaskOverride } from '../../definition/task-overrides.js';
import { toMilliseconds, type Duration } from '../../duration.js';
import type { CommandReply, LivingWorker, ScheduledTask } from '../../store/command-store.js';
import type { Storage } from '../../store/storage.js';
import { Waker } from '../../waker.js';
import { assertBurst, readRate, readTask, readTimeLimits } from './override-values.js';
import { checkParams } from './command-params.js';
import type { Control, Controls, Inspection, Inspections } from './commands.js';
import { COMMANDS_SENT, OVERRIDES_CHANGED, answered } from './signals.js';
import { chooseWorkers } from './worker-names.js';

/** To whom, for how long, and by whom. */
export interface RemoteOptions {
  /**
   * Names of workers or their ids; `*` stands for any text, `?` for any character: `'images-*'`. Default: every living
   * worker.
   */
  readonly workers?: string | readonly string[] | undefined;
  /** How long to wait for answers. A worker that has not begun by then does not do it later. Default '2s'. */
  readonly timeout?: Duration | undefined;
  /** Who asks; kept in the audit for what workers are told. */
  readonly by?: string | undefined;
}

/** What one worker answered. */
export type WorkerReply<T> = { readonly worker: string; readonly workerId: string } & (
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly error: { readonly code: string; readonly message: string } }
);

/** What the workers asked said, and who said nothing. */
export interface Answers<T> {
  /** In the order of the workers' names. */
  readonly replies: readonly WorkerReply<T>[];
  /** Who did not answer in time. */
  readonly missing: readonly LivingWorker[];
}

/** Without notifications answers are looked for this often. */
const POLL_MS = 500;
const MAX_SCHEDULED = 1000;

/**
 * Asks and tells running workers, over Postgres, hence with every broker and from every process of the application.
 * Names and meanings are those of Celery's `inspect` and `control`.
 */
export class RemoteControl {
  constructor(private readonly storage: Pick<Storage, 'commands' | 'channel' | 'overrides'>) {}

  /** Asks workers: `inspect('stats')`, `inspect('query_task', { ids })`. @throws InvalidOptionError, UnknownWorkerError */
  inspect<K extends Inspection>(
    what: K,
    params?: Inspections[K]['params'],
    options: RemoteOptions = {},
  ): Promise<Answers<Inspections[K]['answer']>> {
    return this.send(what, checkParams(what, params ?? {}), options, false);
  }

  /** Tells workers: `control('pool_grow', { n: 2 }, { workers: 'images-*' })`. @throws InvalidOptionError, UnknownWorkerError */
  control<K extends Control>(
    what: K,
    params: Controls[K]['params'],
    options: RemoteOptions = {},
  ): Promise<Answers<Controls[K]['answer']>> {
    return this.send(what, checkParams(what, params), options, true);
  }

  /**
   * Tasks that are delayed or wait for a retry, the next first. They are in the database and in no worker's memory, so
   * no worker is asked.
   * @param limit at most 1,000
   */
  scheduled(limit = 100): Promise<readonly ScheduledTask[]> {
    return this.storage.commands.scheduled(Math.min(limit, MAX_SCHEDULED));
  }

  /**
   * Changes how many of a task start: `'10/m'`, a number a second, 0 for any number, undefined for what its code says.
   * It holds across all workers and takes the place of every `limit.rate` of the task, also for those that wait
   * already; where its code has none, for what is submitted from now on. Kept until it is changed again.
   * @param burst how many may start at once; default: as the code says, or 1
   * @throws InvalidOptionError
   */
  async rateLimit(
    task: string,
    rate: string | number | undefined,
    { burst, by }: { readonly burst?: number | undefined; readonly by?: string | undefined } = {},
  ): Promise<void> {
    const override = {
      task: readTask(task),
      rate: rate === undefined ? undefined : readRate(rate),
      burst,
    };
    if (burst !== undefined) assertBurst(burst);
    await this.storage.overrides.setRate(override, by ?? null);
    await this.storage.channel.signal(OVERRIDES_CHANGED);
    this.storage.channel.gated();
  }

  /**
   * Changes how long a task may run, from its next start on and in every worker: over what its code says, beneath what
   * a call says. 0 is no limit, undefined what the code says. Kept until it is changed again.
   * @throws InvalidOptionError
   */
  async timeLimit(
    task: string,
    limits: { readonly soft?: Duration | undefined; readonly hard?: Duration | undefined },
    { by }: { readonly by?: string | undefined } = {},
  ): Promise<void> {
    const { softTimeLimitMs, timeLimitMs } = readTimeLimits(limits);
    await this.storage.overrides.setTimeLimits(
      { task: readTask(task), softTimeLimitMs, timeLimitMs },
      by ?? null,
    );
    await this.storage.channel.signal(OVERRIDES_CHANGED);
  }

  /** All that {@link rateLimit} and {@link timeLimit} have changed, by task. */
  overrides(): Promise<readonly TaskOverride[]> {
    return this.storage.overrides.read();
  }

  private async send<T>(
    name: string,
    params: Readonly<Record<string, unknown>>,
    { workers, timeout = '2s', by }: RemoteOptions,
    audited: boolean,
  ): Promise<Answers<T>> {
    const { commands, channel } = this.storage;
    const ms = toMilliseconds(timeout, 'timeout');
    const asked = chooseWorkers(await commands.living(), workers);
    if (asked.length === 0) return { replies: [], missing: [] };
    if (audited)
      await commands.note(by ?? null, name, { ...params, workers: asked.map((worker) => worker.name) });
    const id = await commands.send({ name, params }, asked, { ms, by: by ?? null });
    try {
      await channel.signal(COMMANDS_SENT);
      return sorted<T>(asked, await this.collect(id, asked.length, ms));
    } finally {
      await commands.drop(id);
    }
  }

  /** Waits for all, as long as there is time. */
  private async collect(id: string, count: number, ms: number): Promise<CommandReply[]> {
    const { commands, channel } = this.storage;
    const until = Date.now() + ms;
    const waker = new Waker();
    const onSignal = (name: string) => {
      if (name === answered(id)) waker.wake();
    };
    channel.on('signalled', onSignal);
    try {
      for (;;) {
        waker.reset();
        const replies = await commands.replies(id);
        const left = until - Date.now();
        if (replies.length === count || left <= 0) return replies;
        await waker.sleep(Math.min(left, POLL_MS));
      }
    } finally {
      channel.off('signalled', onSignal);
    }
  }
}

function sorted<T>(asked: readonly LivingWorker[], given: readonly CommandReply[]): Answers<T> {
  const byWorker = new Map(given.map((reply) => [reply.worker, reply]));
  const replies: WorkerReply<T>[] = [];
  const missing: LivingWorker[] = [];
  for (const worker of asked) {
    const reply = byWorker.get(worker.id);
    const who = { worker: worker.name, workerId: worker.id };
    if (!reply) missing.push(worker);
    else if (reply.error) replies.push({ ...who, ok: false, error: reply.error });
    else replies.push({ ...who, ok: true, value: reply.value as T });
  }
  return { replies, missing };
}
