import type { GateStore } from '../store/gate-store.js';
import type { TaskChannel } from '../store/task-channel.js';
import { Periodic } from './periodic.js';
import type { Relay } from './relay.js';

/** Without notifications lines are looked at this often; with them, what was missed is found this late. */
const DEAF_POLL_MS = 1000;
const POLL_MS = 5000;

/** Lets tasks pass the limits they wait for. Every worker does it; gates are locked one after the other. */
export class Admitter {
  private readonly periodic: Periodic;
  private cursor = '';
  private readonly onGated = () => this.periodic.wake();

  constructor(
    private readonly gates: Pick<GateStore, 'admit'>,
    private readonly relay: Pick<Relay, 'send'>,
    private readonly channel: Pick<TaskChannel, 'on' | 'off' | 'connected'>,
  ) {
    this.periodic = new Periodic('tasks wait for their limits', POLL_MS, () => this.round());
  }

  start(): void {
    this.channel.on('gated', this.onGated);
    this.periodic.start();
  }

  async stop(): Promise<void> {
    this.channel.off('gated', this.onGated);
    await this.periodic.stop();
  }

  /** A task that had passed has started, or ended: there may be room. */
  wake(): void {
    this.periodic.wake();
  }

  /** @returns how long until a rate lets the next one through */
  private async round(): Promise<number> {
    for (;;) {
      const { batch, waitMs, cursor } = await this.gates.admit(this.cursor);
      this.cursor = cursor;
      this.relay.send(batch);
      if (batch.tasks.length > 0) continue;
      const pause = this.channel.connected ? POLL_MS : DEAF_POLL_MS;
      return Math.min(pause, waitMs ?? pause);
    }
  }
}
