import { describe, expect, it } from '@jest/globals';
import { Cron } from 'croner';
import { Crontab } from '#dist/tasks/schedule/crontab.js';
import { TimeZone } from '#dist/tasks/schedule/time-zone.js';
import { SeededRandom, seed } from '../support/seeded-random.js';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

/** The ticks after one instant and before another, as UTC prints them: `29T01:30`. */
function ticks(crontab: string, zone: string, from: string, to: string, rule: 'or' | 'and' = 'or'): string[] {
  const found: string[] = [];
  const walk = Crontab.of(crontab, zone, rule);
  for (let tick = walk.next(Date.parse(from) - 1); tick && tick < Date.parse(to); tick = walk.next(tick))
    found.push(new Date(tick).toISOString().slice(8, 16));
  return found;
}

/** What the clock on the wall shows, by Intl alone. */
function wallClock(zone: string): (instant: number) => string {
  const format = new Intl.DateTimeFormat('en-GB', {
    timeZone: zone,
    hourCycle: 'h23',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
  });
  return (instant) => format.format(instant);
}

/** Both changes of the clock in a year: around the equator's other side, by half an hour, at midnight. */
const CHANGES = [
  ['Europe/Berlin', '2026-03-29', '2026-10-25'],
  ['America/New_York', '2026-03-08', '2026-11-01'],
  ['Australia/Sydney', '2026-10-04', '2026-04-05'],
  ['America/Santiago', '2026-09-06', '2026-04-05'],
  ['Australia/Lord_Howe', '2026-10-04', '2026-04-05'],
  ['Africa/Cairo', '2026-04-24', '2026-10-30'],
  ['Asia/Beirut', '2026-03-29', '2026-10-25'],
] as const;

describe('changes of the clock', () => {
  it('ticks at a time that is left out as much later as the clock is put forward', () => {
    expect(ticks('30 2 * * *', 'Europe/Berlin', '2026-03-28T12:00Z', '2026-03-30T12:00Z')).toEqual([
      '29T01:30',
      '30T00:30',
    ]);
    expect(ticks('15 2 * * *', 'Australia/Lord_Howe', '2026-10-03T12:00Z', '2026-10-04T12:00Z')).toEqual([
      '03T15:45',
    ]);
    // midnight does not exist on that day
    expect(ticks('0 0 * * *', 'Africa/Cairo', '2026-04-23T12:00Z', '2026-04-24T12:00Z')).toEqual([
      '23T22:00',
    ]);
  });

  it('ticks once at a time that comes twice, the first time', () => {
    expect(ticks('30 2 * * *', 'Europe/Berlin', '2026-10-24T12:00Z', '2026-10-26T12:00Z')).toEqual([
      '25T00:30',
      '26T01:30',
    ]);
    expect(ticks('45 1 * * *', 'Australia/Lord_Howe', '2026-04-04T12:00Z', '2026-04-05T12:00Z')).toEqual([
      '04T14:45',
    ]);
  });

  it('makes one tick of two that fall together', () => {
    expect(ticks('0 2,3 * * *', 'Europe/Berlin', '2026-03-28T23:00Z', '2026-03-29T12:00Z')).toEqual([
      '29T01:00',
    ]);
    expect(ticks('10,40 1-3 * * *', 'Europe/Berlin', '2026-03-28T23:00Z', '2026-03-29T12:00Z')).toEqual([
      '29T00:10',
      '29T00:40',
      '29T01:10',
      '29T01:40',
    ]);
  });

  it('goes by elapsed time where every hour is meant', () => {
    for (const [zone, forward, back] of CHANGES)
      for (const day of [forward, back]) {
        const walk = Crontab.of('*/15 * * * *', zone);
        const from = Date.parse(day) - DAY;
        let [count, tick] = [0, walk.next(from - 1)!];
        for (; tick < from + 3 * DAY; tick = walk.next(tick)!) {
          expect(tick).toBe(from + count * 900_000);
          count++;
        }
        expect(count).toBe(3 * 96);
      }
  });

  it('ticks at every full and half hour that a clock shows, also twice, and at no other time', () => {
    for (const [zone, forward, back] of CHANGES)
      for (const day of [forward, back]) {
        const clock = wallClock(zone);
        const expected: number[] = [];
        const from = Date.parse(day) - DAY;
        for (let at = from; at < from + 3 * DAY; at += 60_000)
          if (/:(00|30)$/.test(clock(at))) expected.push(at);
        const walk = Crontab.of('0,30 * * * *', zone);
        const found: number[] = [];
        for (let tick = walk.next(from - 1)!; tick < from + 3 * DAY; tick = walk.next(tick)!)
          found.push(tick);
        expect(found).toEqual(expected);
      }
  });

  it('ticks exactly once a day at each time of the day, on both changes in every zone', () => {
    for (const [zone, forward, back] of CHANGES)
      for (const day of [forward, back])
        for (let minutes = 0; minutes < 1440; minutes += 15) {
          const [hour, minute] = [Math.floor(minutes / 60), minutes % 60];
          const wall = `${String(hour).padStart(2, '0')}:${String(minute).padStart(2, '0')}`;
          const walk = Crontab.of(`${minute} ${hour} * * *`, zone);
          const clock = wallClock(zone);
          const around: number[] = [];
          const midnight = (days: number) => TimeZone.of(zone).instantOf(Date.parse(day) + days * DAY);
          for (let tick = walk.next(midnight(-3) - 1)!; tick < midnight(3); tick = walk.next(tick)!)
            around.push(tick);
          expect([zone, day, wall, around.length]).toEqual([zone, day, wall, 6]);
          for (const [i, tick] of around.entries()) {
            const gap = i === 0 ? DAY : tick - around[i - 1]!;
            expect(Math.abs(gap - DAY)).toBeLessThanOrEqual(HOUR);
          }
          // on the other days, and where the time exists, that is what the clock shows
          const shown = around.filter((tick) => clock(tick).endsWith(wall));
          expect(shown.length).toBeGreaterThanOrEqual(5);
        }
  });
});

describe('crontabs', () => {
  it('says which rule of the two day fields holds', () => {
    const march = ['2026-03-01T00:00Z', '2026-04-01T00:00Z'] as const;
    // 2026-03-13 is a Friday
    expect(ticks('0 0 13 * FRI', 'UTC', ...march, 'and')).toEqual(['13T00:00']);
    expect(ticks('0 0 13 * FRI', 'UTC', ...march, 'or')).toEqual([
      '06T00:00',
      '13T00:00',
      '20T00:00',
      '27T00:00',
    ]);
    expect(ticks('0 0 1-7 * MON', 'UTC', ...march, 'and')).toEqual(['02T00:00']);
    for (const rule of ['or', 'and'] as const) {
      expect(ticks('0 0 13 * *', 'UTC', ...march, rule)).toEqual(['13T00:00']);
      expect(ticks('0 0 * * FRI#2', 'UTC', ...march, rule)).toEqual(['13T00:00']);
    }
  });

  it('knows names, lists, ranges, steps, L, # and nicknames', () => {
    const march = ['2026-03-01T00:00Z', '2026-04-01T00:00Z'] as const;
    expect(ticks('0 9 * MAR MON-FRI', 'UTC', ...march)).toHaveLength(22);
    expect(ticks('0 0 L * *', 'UTC', ...march)).toEqual(['31T00:00']);
    expect(ticks('0 0 ? * 5L', 'UTC', ...march)).toEqual(['27T00:00']);
    expect(ticks('10-20/5,50 0 1 * *', 'UTC', ...march)).toEqual([
      '01T00:10',
      '01T00:15',
      '01T00:20',
      '01T00:50',
    ]);
    expect(ticks('@weekly', 'UTC', ...march)).toEqual([
      '01T00:00',
      '08T00:00',
      '15T00:00',
      '22T00:00',
      '29T00:00',
    ]);
    expect(ticks('*/20 0 0 1 3 *', 'UTC', ...march)).toHaveLength(3);
  });

  it('finds February 29th on a Monday, and nothing where there is nothing', () => {
    const leap = Crontab.of('0 0 29 2 MON', 'UTC', 'and').next(Date.parse('2026-01-01'));
    expect(new Date(leap!).toISOString()).toBe('2044-02-29T00:00:00.000Z');
    expect(Crontab.of('0 0 1 * MON#5', 'UTC', 'and').next(0)).toBeUndefined();
  });

  it('refuses what is none, in words', () => {
    for (const [crontab, message] of [
      ['* * *', /five or six fields, and this has 3/],
      ['60 * * * *', /expected range 0-59/],
      ['0 0 30 2 *', /day of month/],
      ['H 0 * * *', /use jitter/],
      ['0 0 15W * *', /15W/],
      [5, /a text/],
    ] as const)
      expect(() => Crontab.of(crontab, 'UTC')).toThrow(message);
    expect(() => Crontab.of('* * * * *', 'Mars/Base')).toThrow(/timezone: expected a time zone's name/);
  });
});

/** The full form: `SCHEDULE_YEARS=1 npm test -- crontab`. */
const full = process.env.SCHEDULE_YEARS !== undefined;
const ZONES = ['UTC', 'Asia/Kolkata', ...CHANGES.map(([zone]) => zone)];

function randomCrontab(random: SeededRandom): string {
  const field = (min: number, max: number): string => {
    const value = () => min + random.below(max - min + 1);
    const [a, b] = [value(), value()].sort((x, y) => x - y) as [number, number];
    const kind = random.below(5);
    if (kind === 0) return `*/${2 + random.below(Math.max(2, max / 2))}`;
    if (kind === 1) return `${a}-${b}`;
    if (kind === 2) return [...new Set([a, b, value()])].sort((x, y) => x - y).join(',');
    return String(a);
  };
  const rarely = (text: string, of: number) => (random.below(of) === 0 ? text : '*');
  const minute = field(0, 59);
  const hour = random.below(3) === 0 ? '*' : field(0, 23);
  const day = rarely(random.below(4) === 0 ? 'L' : field(1, 28), 3);
  const month = rarely(field(1, 12), 4);
  const weekday = rarely(
    random.below(4) === 0 ? `${random.below(7)}#${1 + random.below(5)}` : field(0, 6),
    3,
  );
  return `${minute} ${hour} ${day} ${month} ${weekday}`;
}

describe('a year of random crontabs', () => {
  it(`is that of croner, but for hours around changes of the clock (seed ${seed})`, () => {
    const random = new SeededRandom();
    const year = [Date.parse('2026-01-01'), Date.parse('2027-01-01')] as const;
    let compared = 0;
    for (let i = 0; i < 200; i++) {
      const crontab = randomCrontab(random);
      const zone = random.pick(ZONES);
      const near = (at: number) => {
        const clock = TimeZone.of(zone);
        return clock.offsetAt(at - 4 * HOUR) !== clock.offsetAt(at + 4 * HOUR);
      };
      const walk = Crontab.of(crontab, zone);
      const croner = new Cron(crontab, { timezone: zone, paused: true });
      // of frequent ones the first of each month
      const most = full ? Number.POSITIVE_INFINITY : 20;
      for (let from = year[0] - 1; from < year[1]; from += (full ? 400 : 30) * DAY) {
        let [tick, count] = [walk.next(from), 0];
        let other = croner.nextRun(new Date(from))?.getTime();
        while (count < most && ((tick ?? year[1]) < year[1] || (other ?? year[1]) < year[1])) {
          if (tick !== other && (near(tick ?? 0) || near(other ?? 0))) {
            const later = Math.max(tick ?? 0, other ?? 0) + 9 * HOUR;
            tick = walk.next(later);
            other = croner.nextRun(new Date(later))?.getTime();
            continue;
          }
          expect([crontab, zone, tick]).toEqual([crontab, zone, other]);
          tick = walk.next(tick!);
          other = croner.nextRun(new Date(other!))?.getTime();
          count++;
          compared++;
        }
      }
    }
    expect(compared).toBeGreaterThan(20_000);
    process.stderr.write(`compared ${compared} ticks with croner's\n`);
  }, 600_000);
});
