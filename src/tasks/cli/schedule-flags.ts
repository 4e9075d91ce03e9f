import { InvalidArgumentError, Option, type Command } from 'commander';
import { didYouMean } from '../errors.js';
import { SPEC_FIELDS, type NewSchedule, type ScheduleSpec } from '../schedule/schedule-spec.js';
import { jsonArray, pair } from './parsers.js';

/** What the options of `schedule create` and `change` say. */
export interface ScheduleFlags {
  readonly crontab?: string;
  readonly every?: string;
  readonly at?: string;
  readonly dayRule?: string;
  readonly timezone?: string;
  readonly args?: unknown[];
  readonly jitter?: string;
  readonly overlap?: string;
  readonly catchUp?: string;
  readonly catchUpLimit?: number;
  readonly queue?: string;
  readonly priority?: number;
  readonly expires?: string;
  readonly startTime?: string;
  readonly oneOff?: boolean;
  readonly tag?: Record<string, string>;
  readonly header?: Record<string, string>;
  readonly description?: string;
}

/** Fields that a change may give back to their default. */
const RESETTABLE = SPEC_FIELDS.filter((field) => field !== 'task');
type Resettable = Exclude<keyof ScheduleSpec, 'task'>;

export function addScheduleFlags(command: Command): Command {
  return command
    .option('--crontab <fields>', "minute, hour, day, month, day of the week: '0 9 * * MON-FRI', or '@daily'")
    .option('--every <time>', "an interval, such as '90s' or '2h'")
    .option('--at <time>', 'once, at this time: ISO 8601 with a zone')
    .addOption(new Option('--day-rule <rule>', 'what two restricted day fields mean').choices(['or', 'and']))
    .option('--timezone <zone>', "where the crontab's clock stands, such as 'Europe/Berlin'")
    .option('-a, --args <json>', "the task's arguments as one JSON array", jsonArray)
    .option('--jitter <time>', 'each task starts up to so much after its tick')
    .addOption(
      new Option('--overlap <policy>', 'while the task of the tick before is not over').choices([
        'allow',
        'skip',
        'queue',
      ]),
    )
    .addOption(
      new Option('--catch-up <policy>', 'of ticks that nobody was there for').choices([
        'skip',
        'once',
        'all',
      ]),
    )
    .option('--catch-up-limit <n>', 'with --catch-up all: the newest so many', Number)
    .option('-q, --queue <name>', "default: the task's")
    .option('--priority <0-9>', "9 first; default: the task's", Number)
    .option(
      '--expires <time>',
      'a task not started within it is revoked; or a time, from when on nothing ticks',
    )
    .option('--start-time <time>', 'no tick before it')
    .option('--one-off', 'is disabled after its first task')
    .option('--tag <name=value>', 'a tag of each task; may be given again', pair)
    .option('--header <name=value>', 'a header of each task; may be given again', pair)
    .option('--description <text>', 'for people');
}

/** Only what was given; the service checks it. */
export function fieldsOf(flags: ScheduleFlags & { readonly task?: string }): Partial<NewSchedule> {
  const given: Record<string, unknown> = { ...flags, tags: flags.tag, headers: flags.header };
  return Object.fromEntries(
    SPEC_FIELDS.map((field) => [field, given[field]]).filter(([, value]) => value !== undefined),
  );
}

/** `queue,catchUp`, or with hyphens as the options have them. */
export function resettable(text: string): Resettable[] {
  return text.split(',').map((given) => {
    const name = given.trim().replaceAll(/-(\w)/g, (_, letter: string) => letter.toUpperCase());
    const found = RESETTABLE.find((field) => field === name);
    if (found) return found;
    throw new InvalidArgumentError(`no field is called '${given.trim()}'${didYouMean(name, RESETTABLE)}`);
  });
}
