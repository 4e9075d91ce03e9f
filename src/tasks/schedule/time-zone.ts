import { InvalidOptionError } from '../errors.js';

/** Offsets change at full quarters of an hour in every zone of today. */
const QUARTER_MS = 900_000;
const MAX_REMEMBERED = 20_000;
const DAY_MS = 86_400_000;

/**
 * Between instants and what clocks on the wall show, both in milliseconds: a wall time is the instant at which UTC's
 * clock shows the same.
 */
export class TimeZone {
  private static readonly known = new Map<string, TimeZone>();
  private readonly format: Intl.DateTimeFormat | undefined;
  private readonly offsets = new Map<number, number>();

  private constructor(readonly name: string) {
    this.format =
      name === 'UTC'
        ? undefined
        : new Intl.DateTimeFormat('en-US', { timeZone: name, timeZoneName: 'longOffset' });
  }

  /** @throws InvalidOptionError when no zone has the name. */
  static of(name: unknown, option = 'timezone'): TimeZone {
    const known = TimeZone.known.get(name as string);
    if (known) return known;
    try {
      if (typeof name !== 'string') throw new RangeError();
      const zone = new TimeZone(name);
      TimeZone.known.set(name, zone);
      return zone;
    } catch {
      throw new InvalidOptionError(option, "a time zone's name such as 'Europe/Berlin' or 'UTC'", name);
    }
  }

  /** What is to be added to an instant for its wall time. */
  offsetAt(instant: number): number {
    if (!this.format) return 0;
    const quarter = Math.floor(instant / QUARTER_MS);
    let offset = this.offsets.get(quarter);
    if (offset === undefined) {
      if (this.offsets.size >= MAX_REMEMBERED) this.offsets.clear();
      offset = parseOffset(this.format.format(quarter * QUARTER_MS));
      this.offsets.set(quarter, offset);
    }
    return offset;
  }

  /**
   * The one instant of a wall time: the first of two where the clock is put back, and where it is put forward past it,
   * as much later as it is put forward.
   */
  instantOf(wall: number): number {
    const before = this.offsetAt(wall - DAY_MS);
    const after = this.offsetAt(wall + DAY_MS);
    const early = wall - before;
    if (before === after || this.offsetAt(early) === before) return early;
    const late = wall - after;
    return this.offsetAt(late) === after ? late : early;
  }

  /** When its offset first differs from that at `from`; undefined when it does not until `until`. */
  changeWithin(from: number, until: number): number | undefined {
    const offset = this.offsetAt(from);
    if (this.offsetAt(until) === offset) return undefined;
    let [same, other] = [Math.floor(from / QUARTER_MS), Math.floor(until / QUARTER_MS)];
    while (other - same > 1) {
      const middle = Math.floor((same + other) / 2);
      if (this.offsetAt(middle * QUARTER_MS) === offset) same = middle;
      else other = middle;
    }
    return other * QUARTER_MS;
  }
}

/** `1/31/2026, GMT+10:30` ends with it. */
function parseOffset(text: string): number {
  const [, sign, hours, minutes, seconds] = /GMT(?:([+-])(\d+):(\d+)(?::(\d+))?)?$/.exec(text)!;
  const ms = Number(hours ?? 0) * 3_600_000 + Number(minutes ?? 0) * 60_000 + Number(seconds ?? 0) * 1000;
  return sign === '-' ? -ms : ms;
}
