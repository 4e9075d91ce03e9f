import { isDeepStrictEqual } from 'node:util';
import { assertFlag } from '../definition/task-settings.js';
import { SPEC_FIELDS, TIMINGS, readSpec, type ScheduleSpec } from './schedule-spec.js';

/** Fields of a schedule, checked or not; with `enabled`. */
export type ScheduleFields = Readonly<Record<string, unknown>>;

/** What decides when it ticks. */
const RETIMING = [...TIMINGS, 'dayRule', 'timezone', 'startTime', 'expires'] as const;

/** Fields over others: null takes one away, and one of `crontab`, `every` and `at` takes the place of the others. */
export function overlay(under: ScheduleFields, over: ScheduleFields): ScheduleFields {
  const fields: Record<string, unknown> = { ...under };
  if (TIMINGS.some((timing) => (over[timing] ?? undefined) !== undefined)) {
    for (const timing of TIMINGS) delete fields[timing];
    if ((over.crontab ?? undefined) === undefined) delete fields.dayRule;
  }
  for (const [field, value] of Object.entries(over))
    if (value === null) delete fields[field];
    else if (value !== undefined) fields[field] = value;
  return fields;
}

/** @throws InvalidOptionError, NotSerializableError */
export function readFields({ enabled = true, ...fields }: ScheduleFields): {
  spec: ScheduleSpec;
  enabled: boolean;
} {
  return { enabled: assertFlag(enabled, 'enabled'), spec: readSpec(fields) };
}

/** The fields of a change in the form in which they are stored; nulls stay. */
export function normalized(change: ScheduleFields, spec: ScheduleSpec): ScheduleFields {
  const stored: Record<string, unknown> = { ...change };
  for (const field of SPEC_FIELDS)
    if ((change[field] ?? undefined) !== undefined) stored[field] = spec[field];
  return stored;
}

export function isRetimed(before: ScheduleSpec, after: ScheduleSpec): boolean {
  return RETIMING.some((field) => !isDeepStrictEqual(before[field], after[field]));
}
