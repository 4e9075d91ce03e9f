import type { TaskOverrides } from '../../definition/task-overrides.js';
import type { Storage } from '../../store/storage.js';
import { Periodic } from '../periodic.js';
import { OVERRIDES_CHANGED } from './signals.js';

/** What was not heard of is found this late. */
const POLL_MS = 10_000;

/** Keeps this process informed of what operators change of tasks. */
export class OverrideWatcher {
  private readonly periodic: Periodic;
  private readonly onSignal = (name: string) => {
    if (name === OVERRIDES_CHANGED) this.periodic.wake();
  };

  constructor(
    private readonly storage: Pick<Storage, 'overrides' | 'channel'>,
    private readonly overrides: TaskOverrides,
  ) {
    this.periodic = new Periodic('changed limits are not looked for', POLL_MS, () => this.read());
  }

  /** Resolves when all that was changed before is known. */
  async start(): Promise<void> {
    this.storage.channel.on('signalled', this.onSignal);
    await this.read();
    this.periodic.start();
  }

  async stop(): Promise<void> {
    this.storage.channel.off('signalled', this.onSignal);
    await this.periodic.stop();
  }

  private async read(): Promise<void> {
    this.overrides.replace(await this.storage.overrides.read());
  }
}
