import { Logger } from '@nestjs/common';
import type { ClaimedTask } from '../../store/statements/claim.js';
import type { LimitedRun, Overseer } from '../runner.js';
import { LoopState, monotonicMs } from './loop-state.js';

const TICK_MS = 1000;
/** An event loop that stood still for this long is worth a warning. */
const LAG_MS = 1000;

/**
 * Watches the event loop that handlers share. Says when it stood still and what ran then; and tells the heartbeat
 * thread when it must turn again at the latest, because every handler has a hard limit.
 */
export class LoopWatch implements Overseer {
  readonly state = new LoopState();
  private readonly logger = new Logger('Tasks');
  private unlimited = 0;
  private limited = 0;
  private latest = 0;
  private timer: NodeJS.Timeout | undefined;

  private next: Overseer | undefined;

  /** @param running what runs now, for people */
  constructor(private readonly running: () => readonly string[]) {}

  /** @param next who hears of tasks with a hard limit too */
  start(next?: Overseer): void {
    this.next = next;
    this.state.lastTick = monotonicMs();
    this.timer = setInterval(() => this.tick(), TICK_MS).unref();
  }

  stop(): void {
    clearInterval(this.timer);
    this.state.silentUntil = 0;
  }

  begun(limited: LimitedRun | undefined): void {
    if (limited) {
      this.limited++;
      this.latest = Math.max(this.latest, monotonicMs() + limited.limitMs);
      this.next?.begun(limited);
    } else this.unlimited++;
    this.note();
  }

  ended(task: ClaimedTask | undefined): void {
    if (task) {
      this.limited--;
      this.next?.ended(task);
    } else this.unlimited--;
    this.note();
  }

  private note(): void {
    if (this.limited === 0) this.latest = 0;
    this.state.silentUntil = this.unlimited > 0 ? 0 : this.latest;
  }

  private tick(): void {
    const now = monotonicMs();
    const lag = now - this.state.lastTick - TICK_MS;
    this.state.lastTick = now;
    if (lag < LAG_MS) return;
    const names = [...new Set(this.running())];
    const ran = names.length === 0 ? 'nothing ran' : `these ran: ${names.slice(0, 10).join(', ')}`;
    this.logger.warn(
      `the event loop stood still for ${(lag / 1000).toFixed(1)} s while ${ran}; work that keeps a processor busy ` +
        `belongs in @Task({ isolate: 'process' }) or a worker with pool 'prefork'`,
    );
  }
}
