import cronstrue from 'cronstrue';
import { toMilliseconds } from '../duration.js';
import type { ScheduleSpec } from './schedule-spec.js';

const UNITS = [
  ['day', 86_400_000],
  ['hour', 3_600_000],
  ['minute', 60_000],
  ['second', 1000],
] as const;

/** A schedule in plain language: "At 09:00, Monday through Friday (Europe/Berlin)". */
export function describeSchedule(
  { crontab, dayRule, every, at, timezone, oneOff }: ScheduleSpec,
  defaultZone: string,
): string {
  const once = oneOff ? ', once' : '';
  if (crontab !== undefined)
    return `${describeCrontab(crontab, dayRule === 'and')} (${timezone ?? defaultZone})${once}`;
  if (every !== undefined) return `Every ${describeInterval(toMilliseconds(every, 'every'))}${once}`;
  return `Once, at ${at!.replace('T', ' ').replace(/(:00)?\.\d+Z$/, '')} (UTC)`;
}

function describeCrontab(crontab: string, logicalAndDayFields: boolean): string {
  const text = cronstrue.toString(crontab, { use24HourTimeFormat: true, logicalAndDayFields });
  return /^At [\d:]+$/.test(text) ? `${text}, every day` : text;
}

/** 90,000 ms are `1 minute 30 seconds`, 60,000 are `minute`. */
function describeInterval(ms: number): string {
  const parts: string[] = [];
  let rest = ms;
  for (const [unit, length] of UNITS) {
    const count = unit === 'second' ? rest / 1000 : Math.floor(rest / length);
    rest -= count * length;
    if (count > 0) parts.push(`${count} ${unit}${count === 1 ? '' : 's'}`);
  }
  return parts.length === 1 ? parts[0]!.replace(/^1 /, '') : parts.join(' ');
}
