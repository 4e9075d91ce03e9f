import type { TaskStore } from '../store/task-store.js';

/** Which queues a worker takes from: those it was told to, or all, without those that are paused. */
export class WorkerQueues {
  private takesAll = true;
  /** The queues it was told to take from, or that its own tasks wait in. */
  private chosen: ReadonlySet<string> = new Set();
  private cancelled: ReadonlySet<string> = new Set();
  private known: ReadonlySet<string> = new Set();
  private paused: ReadonlySet<string> = new Set();
  private resting = false;

  constructor(
    private readonly store: Pick<TaskStore, 'countReady' | 'knowQueues' | 'knownQueues'>,
    private readonly onChange: () => void,
  ) {}

  /**
   * @param given undefined: all, at first those of its own tasks
   * @param excluded those it does not take from
   */
  async start(
    given: readonly string[] | undefined,
    own: readonly string[],
    excluded: readonly string[] = [],
  ): Promise<void> {
    this.takesAll = given === undefined;
    this.cancelled = new Set(excluded);
    this.chosen = new Set(given ?? own);
    await this.store.knowQueues([...this.chosen]);
    await this.learn();
  }

  /** Whether it takes from queues that are new, too. */
  get all(): boolean {
    return this.takesAll;
  }

  /** Those it does not take from, although it takes from all. */
  get excluded(): readonly string[] {
    return [...this.cancelled];
  }

  /** Those it was told to take from, or that its own tasks wait in. */
  get chosenNames(): readonly string[] {
    return [...this.chosen];
  }

  /** Whether it takes nothing now, from no queue. */
  get isResting(): boolean {
    return this.resting;
  }

  /** Those it takes from, paused or not. */
  get names(): readonly string[] {
    const names = this.takesAll ? new Set([...this.chosen, ...this.known]) : this.chosen;
    return [...names].filter((name) => !this.cancelled.has(name));
  }

  /** Those it takes from at this moment. */
  get open(): readonly string[] {
    return this.resting ? [] : this.names.filter((name) => !this.paused.has(name));
  }

  /** Looks for queues that are new, and for those that were paused or resumed. */
  async learn(): Promise<void> {
    const queues = await this.store.knownQueues();
    this.change(() => {
      this.known = new Set(queues.map((queue) => queue.name));
      this.paused = new Set(queues.filter((queue) => queue.paused).map((queue) => queue.name));
    });
  }

  /** How many tasks could be taken from them now, counted up to `atMost`. */
  async backlog(atMost: number): Promise<number> {
    let backlog = 0;
    for (const queue of this.open)
      if (backlog < atMost) backlog += await this.store.countReady(queue, atMost - backlog);
    return backlog;
  }

  async add(queue: string): Promise<void> {
    await this.store.knowQueues([queue]);
    this.change(() => {
      this.chosen = new Set([...this.chosen, queue]);
      this.cancelled = new Set([...this.cancelled].filter((name) => name !== queue));
    });
  }

  cancel(queue: string): void {
    this.change(() => {
      this.chosen = new Set([...this.chosen].filter((name) => name !== queue));
      this.cancelled = new Set([...this.cancelled, queue]);
    });
  }

  /** Takes nothing until it is told otherwise. */
  rest(resting: boolean): void {
    this.change(() => (this.resting = resting));
  }

  private change(make: () => void): void {
    const before = this.open.join();
    make();
    if (this.open.join() !== before) this.onChange();
  }
}
