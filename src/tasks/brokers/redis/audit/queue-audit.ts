import { randomUUID } from 'node:crypto';
import { QueueEvents, type Job, type Queue } from 'bullmq';
import { Periodic } from '../../../control/periodic.js';
import type { JobRecorder } from '../../../observability/job-recorder.js';
import type { JobChange, Step } from '../../../store/job-store.js';
import { before, eventOf, readEvent, type JobEvent, type StreamEntry } from './job-event.js';
import { JobHistory } from './job-history.js';

/** Events read at once, and jobs asked for at once: so much is in memory, whatever waits. */
const BATCH = 100;
/** Another process goes on when this one has not said for so long that it does. */
const LEASE_MS = 10_000;
const BLOCK_MS = 2000;
/** Between two looks whether who records the queue still does, and two tries. */
const IDLE_MS = 2000;
const DROP_EVERY_MS = 60_000;
const DROP_AT_ONCE = 10_000;
const START = '0-0';
/** Of what these do, the events do not tell enough. */
const ASK_FOR = new Set(['added', 'waiting', 'delayed', 'failed']);

/**
 * Records the jobs of one queue of BullMQ's from its stream of events. One process does so at a time, and each step
 * from one event to another is written together with what came of it: nothing is recorded twice, and who comes after
 * goes on from there.
 */
export class QueueAudit {
  private readonly holder = randomUUID();
  private readonly name: string;
  private readonly periodic: Periodic;
  private events: QueueEvents | undefined;
  private stopped = false;
  private dropAt = 0;

  constructor(
    private readonly queue: Queue,
    private readonly recorder: JobRecorder,
  ) {
    this.name = queue.backend.qualifiedName;
    this.periodic = new Periodic(`jobs of the queue '${queue.name}' wait to be recorded`, IDLE_MS, () =>
      this.round(),
    );
  }

  start(): void {
    const { connection, prefix } = this.queue.opts;
    this.events = new QueueEvents(this.queue.name, { connection, ...(prefix && { prefix }), autorun: false });
    // what breaks shows when it is read
    this.events.on('error', () => undefined);
    this.periodic.start();
  }

  /** Another process goes on at once. May be called twice. */
  async stop(): Promise<void> {
    if (this.stopped) return;
    this.stopped = true;
    await this.events?.close().catch(() => undefined);
    await this.periodic.stop();
    await this.recorder.store.letGo(this.name, this.holder).catch(() => undefined);
  }

  /** @returns the pause before the next, in ms; undefined: the usual */
  private async round(): Promise<number | undefined> {
    try {
      const held = await this.recorder.store.hold(this.name, this.holder, LEASE_MS);
      if (!held || this.stopped) return undefined;
      await this.step(held);
      await this.dropOld();
      return 0;
    } catch (error) {
      if (this.stopped) return undefined;
      throw error;
    }
  }

  private async step(held: { cursor: string; missed: boolean }): Promise<void> {
    const { cursor } = held;
    const { entries, gap } = await this.read(cursor);
    const missed = held.missed || gap;
    const to = entries.at(-1)?.[0] ?? (gap ? START : cursor);
    const step: Step = { queue: this.name, holder: this.holder, from: cursor, to, missed };
    if (entries.length > 0) {
      const events = entries.flatMap((entry) => readEvent(entry) ?? []);
      if (!(await this.record(step, events))) return;
    }
    // only when all events have been heard is what jobs are now not ahead of them
    if (missed && entries.length < BATCH)
      await this.catchUp(entries.length > 0 ? { ...step, from: to } : step);
  }

  /** What comes after the cursor. `gap`: what the cursor stands for is gone, and perhaps others after it. */
  private async read(cursor: string): Promise<{ entries: StreamEntry[]; gap: boolean }> {
    const from = cursor === START ? START : before(cursor);
    const client = await this.queue.backend.connection.client;
    const key = this.queue.backend.keys.events!;
    const found = entriesOf(await client.xread([{ key, id: from }], { COUNT: BATCH + 1 }));
    const gap = cursor !== START && found[0]?.[0] !== cursor;
    const entries = (gap || cursor === START ? found : found.slice(1)).slice(0, BATCH);
    if (entries.length > 0 || gap || this.stopped) return { entries, gap };
    const next = entriesOf(await this.events!.backend.readEvents(cursor, BLOCK_MS));
    return { entries: next.slice(0, BATCH), gap: false };
  }

  private async record(step: Step, events: readonly JobEvent[]): Promise<boolean> {
    const byJob = new Map<string, JobEvent[]>();
    for (const event of events) byJob.set(event.jobId, [...(byJob.get(event.jobId) ?? []), event]);
    const known = await this.recorder.store.known(this.name, [...byJob.keys()]);
    const changes = await Promise.all(
      [...byJob].map(async ([jobId, own]) => {
        const earlier = known.get(jobId);
        const ask = !earlier || own.some(({ event }) => ASK_FOR.has(event));
        const history = new JobHistory(this.queue.name, earlier, ask ? await this.job(jobId) : undefined);
        for (const event of own) history.hear(event);
        return history.close();
      }),
    );
    return this.recorder.record(step, changes.flat());
  }

  /** Events are lost: what every live job has come to is asked. */
  private async catchUp(step: Step): Promise<void> {
    const here = { ...step, to: step.from, missed: true };
    for (let after = ''; ;) {
      // it may take longer than the lease, and who comes after would begin anew
      if (!(await this.recorder.store.hold(this.name, this.holder, LEASE_MS))) return;
      const ids = await this.recorder.store.live(this.name, after, BATCH);
      if (ids.length === 0) break;
      after = ids.at(-1)!;
      const known = await this.recorder.store.known(this.name, ids);
      const changes = await Promise.all(
        [...known.values()].map(async (each): Promise<readonly JobChange[]> => {
          const [job, state] = await Promise.all([this.job(each.jobId), this.queue.getJobState(each.jobId)]);
          const event = eventOf(each.jobId, state, job, Date.now());
          const history = new JobHistory(this.queue.name, each, job);
          if (event && event.event !== SAME[each.state]) history.hear(event);
          return history.close();
        }),
      );
      if (!(await this.recorder.record(here, changes.flat()))) return;
      if (this.stopped) return;
    }
    await this.recorder.record({ ...step, missed: false }, []);
  }

  private async job(jobId: string): Promise<Job | undefined> {
    return (await this.queue.getJob(jobId)) ?? undefined;
  }

  private async dropOld(): Promise<void> {
    if (Date.now() < this.dropAt) return;
    const more = await this.recorder.store.dropOld(DROP_AT_ONCE);
    if (!more) this.dropAt = Date.now() + DROP_EVERY_MS;
  }
}

/** What a job of a record in this state does, as far as that is certain. */
const SAME: Readonly<Record<string, string>> = {
  STARTED: 'active',
  PENDING: 'waiting',
  WAITING: 'waiting-children',
};

function entriesOf(read: unknown): StreamEntry[] {
  const [stream] = (read ?? []) as [key: string, entries: StreamEntry[]][];
  return stream?.[1] ?? [];
}
