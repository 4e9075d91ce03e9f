import { Logger } from '@nestjs/common';
import { Waker } from '../waker.js';

/** Work done again and again, never twice at once. Errors are logged once until it succeeds again. */
export class Periodic {
  private readonly logger = new Logger('Tasks');
  private readonly waker = new Waker();
  private stopped = false;
  private failing = false;
  private loop: Promise<void> | undefined;

  /**
   * @param what for the log
   * @param everyMs the pause between two rounds, with up to 20 % jitter
   * @param work may return a shorter pause in milliseconds
   */
  constructor(
    private readonly what: string,
    private readonly everyMs: number,
    private readonly work: () => Promise<number | void>,
  ) {}

  start(): this {
    this.loop ??= this.run();
    return this;
  }

  /** Ends the pause. */
  wake(): void {
    this.waker.wake();
  }

  async stop(): Promise<void> {
    this.stopped = true;
    this.waker.wake();
    await this.loop;
  }

  private async run(): Promise<void> {
    while (!this.stopped) {
      this.waker.reset();
      const pause = (await this.round()) ?? this.everyMs * (0.9 + Math.random() / 5);
      if (!this.stopped) await this.waker.sleep(pause);
    }
  }

  private async round(): Promise<number | void> {
    try {
      const pause = await this.work();
      this.failing = false;
      return pause;
    } catch (error) {
      if (!this.failing) this.logger.warn(`${this.what}: ${(error as Error).message}; trying again`);
      this.failing = true;
    }
  }
}
