import { Logger } from '@nestjs/common';
import type { TaskChannel } from '../store/task-channel.js';
import type { RecordedError } from '../store/task-record.entity.js';
import type { TaskEvent, TaskEventMap, TaskEventName } from './task-events.js';

/** Others hear that somebody here wants their events this often; what they heard counts for three times as long. */
const ANNOUNCE_MS = 5000;
const INTEREST_MS = 3 * ANNOUNCE_MS;
/** Of a message that goes to other processes: a notification is short. */
const MAX_MESSAGE = 500;

type Listener = (event: TaskEvent) => unknown;
interface Subscription {
  readonly hear: Listener;
  readonly everywhere: boolean;
}

/** Counts what happens here, at once: cheap, and it never throws. */
export interface TaskObserver {
  count(counter: 'submitted' | 'revoked', name: string, queue: string): void;
  /** @param waitMs from when it could be taken to its start */
  started(name: string, queue: string, waitMs: number): void;
  ended(counter: 'succeeded' | 'failed' | 'retried', name: string, queue: string, runMs: number): void;
  failure(id: string, name: string, error: RecordedError): void;
  lost(id: string, name: string, queue: string): void;
}

/**
 * Brings events to their listeners, here and in other processes. A process sends its events to others only while
 * somebody there has said that it wants them, and makes none that nobody wants.
 */
export class TaskEventBus {
  private readonly logger = new Logger('Tasks');
  private readonly listeners = new Map<TaskEventName, Subscription[]>();
  /** Events that other processes want, and until when. */
  private readonly interest = new Map<string, number>();
  private timer: NodeJS.Timeout | undefined;
  /** Hears of what happens here, whether anybody listens or not. */
  observer: TaskObserver | undefined;

  constructor(private readonly channel?: Pick<TaskChannel, 'on' | 'tell' | 'want' | 'askWanted'>) {
    channel?.on('wanted', (names) => {
      for (const name of names) this.interest.set(name, Date.now() + INTEREST_MS);
    });
    channel?.on('asked', () => this.announce());
    channel?.on('told', (event) => this.hear(event as TaskEvent, false));
    channel?.on('reconnected', () => this.announce());
  }

  /** From now on; see `OnTaskEvent`. */
  listen(names: readonly TaskEventName[], hear: Listener, everywhere: boolean): void {
    for (const name of names)
      this.listeners.set(name, [...(this.listeners.get(name) ?? []), { hear, everywhere }]);
  }

  /** Tells other processes what is wanted here, and asks what they want. */
  start(): void {
    this.channel?.askWanted();
    if (!this.wanted().length) return;
    this.announce();
    this.timer = setInterval(() => this.announce(), ANNOUNCE_MS).unref();
  }

  stop(): void {
    clearInterval(this.timer);
  }

  /** Whether anybody wants it: what an event takes to be made is saved otherwise. */
  wants(name: TaskEventName): boolean {
    return this.listeners.has(name) || (this.interest.size > 0 && this.wantedElsewhere(name));
  }

  emit<Name extends TaskEventName>(name: Name, make: () => TaskEventMap[Name]): void {
    if (this.observer && name in OBSERVED)
      this.observe(name as keyof typeof OBSERVED, make() as ObservedEvent);
    if (!this.wants(name)) return;
    const event = { event: name, at: new Date().toISOString(), ...make() } as unknown as TaskEvent;
    this.hear(event, true);
    if (this.wantedElsewhere(name)) this.channel?.tell(forOthers(event));
  }

  /** For events whose listeners may object. @throws what one of them throws */
  async ask<Name extends TaskEventName>(name: Name, make: () => TaskEventMap[Name]): Promise<void> {
    const event = { event: name, at: new Date().toISOString(), ...make() } as unknown as TaskEvent;
    for (const { hear } of this.listeners.get(name) ?? []) await hear(event);
  }

  private observe(event: keyof typeof OBSERVED, { id, name, queue }: ObservedEvent): void {
    if (event === 'lost') this.observer!.lost(id, name, queue);
    else this.observer!.count(event, name, queue);
  }

  private hear(event: TaskEvent, here: boolean): void {
    for (const { hear, everywhere } of this.listeners.get(event.event) ?? [])
      if (here || everywhere)
        // asynchronously, so that neither its time nor its errors are the task's
        void Promise.resolve(event)
          .then(hear)
          .catch((error: unknown) =>
            this.logger.error(
              `a listener of '${event.event}' failed: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`,
            ),
          );
  }

  private wanted(): TaskEventName[] {
    return [...this.listeners]
      .filter(([, all]) => all.some(({ everywhere }) => everywhere))
      .map(([name]) => name);
  }

  private announce(): void {
    const wanted = this.wanted();
    if (wanted.length > 0) this.channel?.want(wanted);
  }

  private wantedElsewhere(name: TaskEventName): boolean {
    const until = this.interest.get(name);
    if (until === undefined) return false;
    if (until > Date.now()) return true;
    this.interest.delete(name);
    return false;
  }
}

/** Events that are counted; what settles in a worker is counted by its announcer, which knows its times. */
const OBSERVED = { submitted: true, revoked: true, lost: true };
type ObservedEvent = TaskEventMap[keyof typeof OBSERVED];

/** Small enough for a notification. */
function forOthers(event: TaskEvent): object {
  const small: Record<string, unknown> = { ...event };
  delete small.result;
  if ('error' in event)
    small.error = { ...event.error, message: event.error.message.slice(0, MAX_MESSAGE), stack: undefined };
  return small;
}
