import { roundFrom, type GateStore } from '../store/gate-store.js';
import type { TaskChannel } from '../store/task-channel.js';
import { Periodic } from './periodic.js';
import type { Relay } from './relay.js';

/** Without notifications lines are looked at this often; with them, what was missed is found this late. */
const DEAF_POLL_MS = 1000;
const POLL_MS = 5000;
/** Between two parts of a round through more lines than are looked at together, where nothing was let through. */
const PART_MS = 50;

/** Lets tasks pass the limits they wait for. Every worker does it; gates are locked one after the other. */
export class Admitter {
  private readonly periodic: Periodic;
  private place = roundFrom('');
  private stopped = false;
  /** When a rate lets the next one through, by what this round has seen. */
  private nextAt = Number.POSITIVE_INFINITY;
  private readonly onGated = () => this.periodic.wake();

  constructor(
    private readonly gates: Pick<GateStore, 'admit'>,
    private readonly relay: Pick<Relay, 'send'>,
    private readonly channel: Pick<TaskChannel, 'on' | 'off' | 'connected'>,
  ) {
    this.periodic = new Periodic('tasks wait for their limits', POLL_MS, () => this.admit());
  }

  start(): void {
    this.channel.on('gated', this.onGated);
    this.periodic.start();
  }

  async stop(): Promise<void> {
    this.stopped = true;
    this.channel.off('gated', this.onGated);
    await this.periodic.stop();
  }

  /** A task that had passed has started, or ended: there may be room. */
  wake(): void {
    this.periodic.wake();
  }

  /** @returns how long until the next look */
  private async admit(): Promise<number> {
    while (!this.stopped) {
      const { batch, waitMs, next, more } = await this.gates.admit(this.place);
      this.place = next;
      this.relay.send(batch);
      // with room in one line a new round begins
      if (batch.tasks.length > 0) {
        this.nextAt = Number.POSITIVE_INFINITY;
        continue;
      }
      if (waitMs !== null) this.nextAt = Math.min(this.nextAt, performance.now() + waitMs);
      if (more) return PART_MS;
      const pause = Math.min(
        this.channel.connected ? POLL_MS : DEAF_POLL_MS,
        this.nextAt - performance.now(),
      );
      this.nextAt = Number.POSITIVE_INFINITY;
      return Math.max(0, pause);
    }
    return 0;
  }
}
