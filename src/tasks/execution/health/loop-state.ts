/** Milliseconds that no setting of the clock moves, the same in all threads of a process. */
export const monotonicMs = (): number => Number(process.hrtime.bigint() / 1_000_000n);

const LAST_TICK = 0;
const SILENT_UNTIL = 1;

/** What a thread of this process can read of the main event loop while that stands still. */
export class LoopState {
  private readonly view: Float64Array;

  constructor(readonly buffer = new SharedArrayBuffer(16)) {
    this.view = new Float64Array(buffer);
  }

  /** When the event loop last turned, by `monotonicMs()`. */
  get lastTick(): number {
    return this.view[LAST_TICK]!;
  }

  set lastTick(at: number) {
    this.view[LAST_TICK] = at;
  }

  /** Until when, by `monotonicMs()`, everything that runs must have ended by its hard limit; 0 while something runs that has none. */
  get silentUntil(): number {
    return this.view[SILENT_UNTIL]!;
  }

  set silentUntil(at: number) {
    this.view[SILENT_UNTIL] = at;
  }
}
