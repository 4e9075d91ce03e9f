import { CronExpressionParser, type CronExpression } from 'cron-parser';
import { InvalidOptionError } from '../errors.js';
import { TimeZone } from './time-zone.js';

/**
 * What two restricted day fields mean together. 'or' is cron's rule: the day of the month or the day of the week
 * fits. 'and' is Celery's: both do.
 */
export type DayRule = 'or' | 'and';

const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;
/** February 29th on a certain weekday comes every 28 years, or after 40 around 2100. */
const HORIZON_DAYS = 41 * 366;
/** More than any clock is put forward or back. */
const CHANGE_MS = 3 * HOUR_MS;
const MAX_KNOWN = 20_000;

/**
 * A crontab in a time zone. cron-parser reads the expression; the walk over its fields is ours, since ticks around a
 * change of the clock must neither be missing nor come twice.
 *
 * - With every hour in its hour field it follows elapsed time: at `*\/15 * * * *` there are 15 minutes between two
 *   ticks, whatever the clock does.
 * - Otherwise each local time that it names comes once a day: the first of two when the clock is put back; when the
 *   clock is put forward past it, as much later as it is put forward (02:30 becomes 03:30).
 */
export class Crontab {
  private static readonly known = new Map<string, Crontab>();
  private readonly seconds: readonly number[];
  private readonly minutes: readonly number[];
  private readonly hours: readonly number[];
  private readonly months: ReadonlySet<number>;
  private readonly fits: (day: Date) => boolean;

  /** @throws InvalidOptionError for what is no crontab. */
  static of(expression: unknown, timezone: string, rule: DayRule = 'or', option = 'crontab'): Crontab {
    const key = `${timezone} ${rule} ${String(expression)}`;
    let crontab = Crontab.known.get(key);
    if (!crontab) {
      crontab = new Crontab(parse(expression, option), TimeZone.of(timezone), rule);
      if (Crontab.known.size >= MAX_KNOWN) Crontab.known.clear();
      Crontab.known.set(key, crontab);
    }
    return crontab;
  }

  private constructor(
    expression: CronExpression,
    private readonly zone: TimeZone,
    rule: DayRule,
  ) {
    const { second, minute, hour, month } = expression.fields;
    this.seconds = second.values;
    this.minutes = minute.values;
    this.hours = hour.values;
    this.months = new Set(month.values);
    this.fits = dayTest(expression, rule);
  }

  /** The first tick after an instant; undefined when there is none within 41 years. */
  next(after: number): number | undefined {
    return this.hours.length === 24 ? this.nextElapsed(after) : this.nextLocal(after);
  }

  /** Offset by offset: wall times that are shown twice tick twice, those that are left out do not. */
  private nextElapsed(after: number): number | undefined {
    for (let from = after; ;) {
      const offset = this.zone.offsetAt(from);
      const wall = this.nextWall(from + offset);
      if (wall === undefined) return undefined;
      const instant = wall - offset;
      const change = this.zone.changeWithin(from, instant);
      if (change === undefined) return instant;
      // the millisecond before counts as the new offset's, so that its first moment can tick
      const first = this.nextWall(change - 1 + this.zone.offsetAt(change));
      if (first === undefined) return undefined;
      const candidate = first - this.zone.offsetAt(change);
      if (this.zone.changeWithin(change, candidate) === undefined) return candidate;
      from = change;
    }
  }

  /** Around a change of the clock the order of wall times is not that of their instants: looks at all of them. */
  private nextLocal(after: number): number | undefined {
    const changing = this.zone.offsetAt(after - CHANGE_MS) !== this.zone.offsetAt(after + CHANGE_MS);
    let best: number | undefined;
    let wall = this.nextWall(after + this.zone.offsetAt(after) - (changing ? CHANGE_MS : 0));
    for (; wall !== undefined; wall = this.nextWall(wall)) {
      const instant = this.zone.instantOf(wall);
      if (best !== undefined && instant - CHANGE_MS > best) return best;
      if (instant <= after) continue;
      best = Math.min(best ?? instant, instant);
      if (this.zone.offsetAt(best - CHANGE_MS) === this.zone.offsetAt(best + CHANGE_MS)) return best;
    }
    return best;
  }

  /** The first wall time after another one that the fields name. */
  private nextWall(after: number): number | undefined {
    let day = Math.floor(after / DAY_MS) * DAY_MS;
    const time = this.timeAfter(after - day);
    if (time !== undefined && this.isDay(new Date(day))) return day + time;
    const first = this.hours[0]! * HOUR_MS + this.minutes[0]! * 60_000 + this.seconds[0]! * 1000;
    for (let i = 0; i < HORIZON_DAYS; i++) {
      day += DAY_MS;
      const date = new Date(day);
      if (this.isDay(date)) return day + first;
      if (!this.months.has(date.getUTCMonth() + 1))
        day = Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1) - DAY_MS;
    }
    return undefined;
  }

  private isDay(date: Date): boolean {
    return this.months.has(date.getUTCMonth() + 1) && this.fits(date);
  }

  /** Milliseconds of the day, after others. */
  private timeAfter(ms: number): number | undefined {
    const at = Math.floor(ms / 1000) + 1;
    const [hour, minute, second] = [Math.floor(at / 3600), Math.floor(at / 60) % 60, at % 60];
    for (const h of this.hours) {
      if (h < hour) continue;
      if (h > hour) return h * HOUR_MS + this.minutes[0]! * 60_000 + this.seconds[0]! * 1000;
      for (const m of this.minutes) {
        if (m < minute) continue;
        const s = m > minute ? this.seconds[0] : this.seconds.find((value) => value >= second);
        if (s !== undefined) return h * HOUR_MS + m * 60_000 + s * 1000;
      }
    }
    return undefined;
  }
}

/** Which days fit the two day fields. */
function dayTest({ fields }: CronExpression, rule: DayRule): (day: Date) => boolean {
  const { dayOfMonth, dayOfWeek } = fields;
  const days = new Set<unknown>(dayOfMonth.values);
  const inMonth = (day: Date) =>
    days.has(day.getUTCDate()) || (dayOfMonth.hasLastChar && isLast(day, DAY_MS));
  const weekdays = new Set<unknown>(dayOfWeek.values);
  // `5L`: the last Friday
  const last = new Set(
    dayOfWeek.values.flatMap((value) =>
      String(value).endsWith('L') ? Number.parseInt(String(value), 10) % 7 : [],
    ),
  );
  const inWeek = (day: Date) =>
    (weekdays.has(day.getUTCDay()) &&
      (dayOfWeek.nthDay <= 0 || Math.ceil(day.getUTCDate() / 7) === dayOfWeek.nthDay)) ||
    (last.has(day.getUTCDay()) && isLast(day, 7 * DAY_MS));
  if (dayOfWeek.isWildcard) return inMonth;
  if (dayOfMonth.isWildcard) return inWeek;
  return rule === 'and' ? (day) => inMonth(day) && inWeek(day) : (day) => inMonth(day) || inWeek(day);
}

/** Whether the day that much later is in another month. */
function isLast(day: Date, ms: number): boolean {
  return new Date(day.getTime() + ms).getUTCMonth() !== day.getUTCMonth();
}

const EXAMPLES =
  "such as '0 9 * * MON-FRI' (minute hour day-of-month month day-of-week, seconds before them if wanted)";

function parse(expression: unknown, option: string): CronExpression {
  const refuse = (why: string) => new InvalidOptionError(option, `a crontab ${EXAMPLES}; ${why}`, expression);
  if (typeof expression !== 'string' || expression.length > 300)
    throw refuse('a text of at most 300 characters');
  const parts = expression.trim().split(/\s+/);
  if (!expression.startsWith('@') && parts.length !== 5 && parts.length !== 6)
    throw refuse(`five or six fields, and this has ${parts.length}`);
  // cron-parser's H is another time in every process
  if (parts.some((part) => /(^|[,/-])H/.test(part)))
    throw refuse('H is not known here: use jitter to spread load');
  try {
    return CronExpressionParser.parse(expression.trim(), { tz: 'UTC' });
  } catch (error) {
    throw refuse((error as Error).message);
  }
}
