import type { Delivery } from '../brokers/broker.js';
import type { Slots } from '../brokers/slots.js';
import { GATED } from '../store/columns.js';
import type { ClaimedTask } from '../store/statements/claim.js';
import type { Announcer } from './announcer.js';
import type { Claimer } from './claimer.js';
import { failure } from './outcome.js';
import type { ProgressWriter } from './progress-writer.js';
import type { TaskRunner } from './runner.js';
import { RunningTask } from './running-task.js';
import type { Settler } from './settler.js';
import { Succession } from './succession.js';

/** A worker that was given a task it does not have lets others go first for a while. */
const HESITATE_FOR_MS = 60_000;
const HESITATION_MS = 50;

export interface AttemptsOptions {
  readonly slots: Slots;
  readonly claimer: Claimer;
  readonly runner: TaskRunner;
  readonly settler: Settler;
  readonly progress: ProgressWriter;
  readonly announcer: Announcer;
  readonly signals: ConstructorParameters<typeof RunningTask>[2];
  readonly makeLogger: ConstructorParameters<typeof RunningTask>[3];
  /** Whether the worker takes tasks still. */
  takes(): boolean;
  /** It has begun so many tasks. */
  onBegun(count: number): void;
  /** A task with limits has started, or ended. */
  makeRoom(): void;
}

/** The tasks that a worker runs, each from its message to what became of it. */
export class Attempts {
  /** By their ids. */
  readonly running = new Map<string, RunningTask>();
  private readonly succession: Succession;
  private lastUnknown = 0;
  private begun = 0;
  private closed = false;

  constructor(private readonly options: AttemptsOptions) {
    const { slots } = options;
    this.succession = new Succession({
      slots,
      takes: () => options.takes(),
      run: (task) => this.run(task),
    });
  }

  /** Tasks that run now. */
  get active(): readonly RunningTask[] {
    return [...this.running.values()];
  }

  /** How long others go first, in ms. */
  get hesitation(): number {
    return Date.now() - this.lastUnknown < HESITATE_FOR_MS ? HESITATION_MS : 0;
  }

  /** In a slot that is taken. */
  async handle({ message, claimed }: Delivery): Promise<void> {
    let task: ClaimedTask | undefined;
    try {
      task = claimed ?? (await this.options.claimer.claim(message));
    } finally {
      if (!task) this.options.slots.release();
    }
    // somebody else holds it, it has ended, or it was given out anew: the message has no meaning any more
    if (task) await this.run(task);
  }

  /** This worker lost its lease on it: it may run elsewhere by now. */
  drop(running: RunningTask): void {
    if (this.running.get(running.id) === running)
      running.abort('lease lost', 'this worker lost its lease on the task');
  }

  revoke(ids: readonly string[]): void {
    for (const id of ids) this.running.get(id)?.abort('revoked', 'the task was revoked');
  }

  /** Aborts what runs, and begins nothing more: what arrives from now on is given back by who closes it. */
  close(): void {
    this.closed = true;
    for (const task of this.active) task.abort('shutdown', 'the worker is stopping');
  }

  /** Resolves when all that was gone on with, from task to task, is settled. */
  ended(): Promise<void> {
    return this.succession.ended();
  }

  /** In a slot that is taken, and is free again when it returns or something else has taken it over. */
  private async run(task: ClaimedTask): Promise<void> {
    const { options } = this;
    if (this.closed) return options.slots.release();
    const { runner, announcer, progress, signals, makeLogger } = options;
    const running = new RunningTask(task, (it, text) => progress.note(it, text), signals, makeLogger);
    this.running.set(task.id, running);
    options.onBegun(++this.begun);
    announcer.started(running);
    if (task.flags & GATED) options.makeRoom();
    try {
      const outcome = await runner.run(running).catch(failure);
      if (outcome.kind === 'defer' && outcome.outcome === 'unknown') this.lastUnknown = Date.now();
      const keepsSlot = this.succession.keepsSlot(task, outcome);
      if (!keepsSlot) options.slots.release();
      announcer.ended(running);
      let heir: ClaimedTask | undefined;
      try {
        const settling = options.settler.settle(task, outcome, progress.take(running), running, keepsSlot);
        running.settling = settling;
        const settlement = await settling;
        heir = settlement.heir;
        announcer.settled(running, outcome, settlement.settled);
      } finally {
        if (heir) this.succession.follow(heir);
        else if (keepsSlot) options.slots.release();
      }
      if (task.flags & GATED) options.makeRoom();
    } finally {
      if (this.running.get(task.id) === running) this.running.delete(task.id);
    }
  }
}
