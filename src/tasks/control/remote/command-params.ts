import { validate as isUuid } from 'uuid';
import { assertQueueName } from '../../definition/option-checks.js';
import { InvalidOptionError, didYouMean } from '../../errors.js';
import { LOG_LEVELS } from '../../execution/log-level.js';

type Params = Readonly<Record<string, unknown>>;

const MAX_IDS = 1000;
const MAX_SLOTS = 10_000;

/** What a command takes along, checked before it is sent. */
const CHECKS: Readonly<Record<string, Readonly<Record<string, (value: unknown, name: string) => unknown>>>> =
  {
    add_consumer: { queue: assertQueueName },
    cancel_consumer: { queue: assertQueueName },
    pool_grow: { n: assertCount },
    pool_shrink: { n: assertCount },
    autoscale: { max: assertCount, min: assertCountOrNone },
    loglevel: { level: assertLevel },
    query_task: { ids: assertIds },
  };

/** @throws InvalidOptionError */
export function checkParams(command: string, given: Params): Params {
  const checks = CHECKS[command] ?? {};
  for (const name of Object.keys(given))
    if (!(name in checks))
      throw new InvalidOptionError(
        name,
        `nothing of that name for ${command}`,
        given[name],
        'UNKNOWN_PROPERTY',
      );
  const params = Object.fromEntries(
    Object.entries(checks).map(([name, check]) => [name, check(given[name], name)]),
  );
  if (command === 'autoscale' && (params.min as number) > (params.max as number))
    throw new InvalidOptionError('min', `at most max (${String(params.max)})`, params.min);
  return params;
}

function assertCount(value: unknown, name: string): number {
  if (Number.isInteger(value) && (value as number) >= 1 && (value as number) <= MAX_SLOTS)
    return value as number;
  throw new InvalidOptionError(name, `a whole number from 1 to ${MAX_SLOTS}`, value);
}

function assertCountOrNone(value: unknown, name: string): number {
  return value === 0 ? 0 : assertCount(value, name);
}

function assertLevel(value: unknown, name: string): string {
  const level = value === 'info' ? 'log' : value;
  const found = LOG_LEVELS.find((known) => known === level);
  if (found !== undefined) return found;
  const hint = typeof value === 'string' ? didYouMean(value, LOG_LEVELS) : '';
  throw new InvalidOptionError(name, `one of ${LOG_LEVELS.join(', ')}${hint}`, value);
}

function assertIds(value: unknown, name: string): readonly string[] {
  if (Array.isArray(value) && value.length >= 1 && value.length <= MAX_IDS && value.every((id) => isUuid(id)))
    return value as string[];
  throw new InvalidOptionError(name, `an array of 1 to ${MAX_IDS} ids of tasks`, value, 'INVALID_ID');
}
