import { Batcher, bisect } from '../store/batcher.js';
import { isDataError } from '../store/database.js';
import { newFence } from '../store/fence.js';
import { retrying } from '../store/retrying.js';
import type { FinalState } from '../store/states.js';
import type { Heir, Inheritor, Step } from '../store/statements/advance.js';
import type { TaskChannel } from '../store/task-channel.js';
import type { TaskStore } from '../store/task-store.js';

export interface Advanced {
  readonly state: FinalState;
  /** What waited for it alone, claimed by this worker along with its end. */
  readonly heir?: Heir | undefined;
}

export interface AdvancerOptions {
  readonly store: TaskStore;
  readonly channel: TaskChannel;
  /** Who claims, and what it takes, now. */
  inheritor(): Omit<Inheritor, 'fence'>;
  /** Aborted to give up on what cannot be written any more. */
  readonly signal: AbortSignal;
}

/** Ends tasks with success along with the claim of what waits for them, many in one statement. */
export class Advancer {
  private readonly batcher: Batcher<Step, Advanced | undefined>;

  constructor(private readonly options: AdvancerOptions) {
    this.batcher = new Batcher({
      what: 'steps',
      lanes: 1,
      maxItems: 500,
      capacity: 100_000,
      execute: (steps) => this.advanceAll(steps),
    });
  }

  /** @returns undefined when the task has not ended: more is to be done than this */
  advance(step: Step): Promise<Advanced | undefined> {
    return this.batcher.add(step);
  }

  drained(): Promise<void> {
    return this.batcher.drained();
  }

  private async advanceAll(steps: readonly Step[]): Promise<(Advanced | undefined)[]> {
    const advanced = await bisect(steps, isDataError, (part) => this.advanceSurely(part));
    // who ends it the usual way says what is wrong with it
    return advanced.map((each) => (each instanceof Error ? undefined : each));
  }

  private async advanceSurely(steps: readonly Step[]): Promise<(Advanced | undefined)[]> {
    const { store, channel, signal } = this.options;
    const inheritor = { ...this.options.inheritor(), fence: newFence() };
    const advanced = new Map<string, Advanced>();
    const learn = (heirs: readonly Heir[]) =>
      heirs.forEach((heir) =>
        advanced.set(execution(heir.after, heir.after_fence), { state: 'SUCCESS', heir }),
      );
    await retrying({ until: Number.POSITIVE_INFINITY, signal }, async (tried) => {
      const open = () => steps.filter(({ id, fence }) => !advanced.has(execution(id, fence)));
      if (open().length > 0) learn(await store.advance(inheritor, open()));
      // what an earlier try did whose answer was lost, or somebody else under the same fence
      if (tried === 0 || open().length === 0) return;
      learn(await store.inheritedUnder(inheritor, open()));
      for (const { id, fence, state } of await store.finishedUnder(open()))
        advanced.set(execution(id, fence), { state });
    });
    const all = steps.map(({ id, fence }) => advanced.get(execution(id, fence)));
    channel.changed(
      all.flatMap((each, i) => (each ? [steps[i]!.id, ...(each.heir ? [each.heir.id] : [])] : [])),
    );
    return all;
  }
}

/** Of a worker that came back after it was buried there may be two of one task. */
const execution = (id: string, fence: string) => `${id} ${fence}`;
