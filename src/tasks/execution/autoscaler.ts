import { Periodic } from '../control/periodic.js';

const LOOK_MS = 1000;

export interface AutoscaleBounds {
  /** 0 counts as 1, as few as can be. */
  readonly min: number;
  readonly max: number;
}

export interface Scaled {
  /** How many there are. */
  size(): number;
  /** How many of them have work. */
  busy(): number;
  /** How many tasks wait, counted up to `atMost`. */
  backlog(atMost: number): Promise<number>;
  resize(size: number): unknown;
}

/**
 * Grows at once by what waits when everything is busy; shrinks by one when that was more than enough for a while, so
 * that a short pause costs no restart.
 */
export class Autoscaler {
  private readonly periodic: Periodic;
  private readonly bounds: AutoscaleBounds;
  private neededAt = Date.now();

  constructor(
    private readonly scaled: Scaled,
    { min, max }: AutoscaleBounds,
    private readonly idleMs = 30_000,
  ) {
    this.bounds = { min: Math.max(1, min), max };
    this.periodic = new Periodic('it does not scale', LOOK_MS, () => this.look());
  }

  start(): this {
    this.periodic.start();
    return this;
  }

  stop(): Promise<void> {
    return this.periodic.stop();
  }

  private async look(): Promise<void> {
    const { scaled } = this;
    const { min, max } = this.bounds;
    const size = scaled.size();
    const within = Math.max(min, Math.min(max, size));
    if (within !== size) return void scaled.resize(within);
    const backlog = await scaled.backlog(max);
    const busy = scaled.busy();
    if (backlog > 0 || busy >= size) this.neededAt = Date.now();
    if (backlog > 0 && busy >= size && size < max) return void scaled.resize(Math.min(max, size + backlog));
    if (size > min && Date.now() - this.neededAt > this.idleMs) {
      this.neededAt = Date.now();
      scaled.resize(size - 1);
    }
  }
}
