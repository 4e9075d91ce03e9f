import type { Gate } from '../definition/limits.js';
import { StoreUnavailableError } from '../errors.js';
import { isTransient } from '../store/database.js';
import type { NewTask } from '../store/new-task.js';
import { retrying } from '../store/retrying.js';
import type { ServiceStorage } from './service-storage.js';

/** While the database cannot be reached a submission waits this long before it is refused. */
export const GIVE_UP_MS = 1200;
/** Less than what unused gates are kept for. */
const TRUST_GATES_MS = 600_000;
const MAX_KNOWN_GATES = 10_000;

/** What must be in the database before the rows of tasks: their queues and their limits. */
export class Groundwork {
  private readonly knownQueues = new Set<string>();
  /** Gates that are known with these limits, and until when that is trusted. */
  private readonly knownGates = new Map<string, number>();

  constructor(private readonly storage: Pick<ServiceStorage, 'store' | 'gates' | 'channel'>) {}

  /** Whether nothing is to be done for the task. */
  isLaidFor(task: NewTask): boolean {
    return this.knownQueues.has(task.queue) && task.gates.length === 0;
  }

  /** Whether anything was ever submitted to the queue, or a worker has taken from it. */
  async knowsQueue(queue: string): Promise<boolean> {
    if (!this.knownQueues.has(queue))
      for (const { name } of await this.storage.store.knownQueues()) this.knownQueues.add(name);
    return this.knownQueues.has(queue);
  }

  /** @throws StoreUnavailableError when the database stays away */
  async lay(tasks: readonly NewTask[]): Promise<void> {
    if (tasks.every((task) => this.isLaidFor(task))) return;
    await this.learnQueues(tasks);
    await this.ensureGates(tasks.flatMap((task) => task.gates));
  }

  /** Makes gates known that this process has not submitted to for a while. */
  async ensureGates(gates: readonly Gate[]): Promise<void> {
    const now = Date.now();
    const unknown = new Map<string, Gate>();
    for (const gate of gates)
      if (!((this.knownGates.get(signature(gate)) ?? 0) > now)) unknown.set(gate.key, gate);
    if (unknown.size === 0) return;
    await this.orUnavailable(() => this.storage.gates.ensure([...unknown.values()]));
    if (this.knownGates.size > MAX_KNOWN_GATES) this.knownGates.clear();
    for (const gate of unknown.values()) this.knownGates.set(signature(gate), now + TRUST_GATES_MS);
  }

  private orUnavailable(work: () => Promise<void>): Promise<void> {
    return retrying({ until: Date.now() + GIVE_UP_MS }, work).catch((error: unknown) => {
      if (isTransient(error))
        throw new StoreUnavailableError(`the database cannot be reached: ${(error as Error).message}`, {
          cause: error,
        });
      throw error;
    });
  }

  /** A worker without a list of queues takes from every queue ever known. */
  private async learnQueues(tasks: readonly NewTask[]): Promise<void> {
    let unknown: string[] | undefined;
    for (const { queue } of tasks) if (!this.knownQueues.has(queue)) (unknown ??= []).push(queue);
    if (!unknown) return;
    const names = [...new Set(unknown)];
    await this.orUnavailable(() => this.storage.store.knowQueues(names));
    for (const name of names) this.knownQueues.add(name);
    this.storage.channel.queues();
  }
}

const signature = ({ key, maxRunning, rate, burst }: Gate) => `${key} ${maxRunning} ${rate} ${burst}`;
