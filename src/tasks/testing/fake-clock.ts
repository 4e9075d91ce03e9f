import { toMilliseconds, type Duration } from '../duration.js';

/** The clock by which tasks of a test are due, expire and end. It stands still until it is moved. */
export class FakeClock {
  constructor(private ms: number = Date.now()) {}

  /** Where it stands. */
  now(): Date {
    return new Date(this.ms);
  }

  /** @throws InvalidOptionError */
  advance(by: Duration): void {
    this.ms += toMilliseconds(by, 'advance');
  }

  /** Never backwards. */
  moveTo(time: Date): void {
    this.ms = Math.max(this.ms, time.getTime());
  }
}
