import { assertPattern } from '../../definition/routes.js';
import { toMilliseconds, type Duration } from '../../duration.js';
import { InvalidOptionError, didYouMean } from '../../errors.js';
import { FINAL_STATES, type FinalState } from '../../store/states.js';
import type { KeepRule } from '../../store/statements/keep-rules.js';

/** How long something is kept; `false`: for ever. At least '1s'. */
export type Keep = Duration | false;

/** How long finished tasks are kept, by how they ended; counted from their end. */
export interface KeepByState {
  /** Default: as the rest, '90 days'. */
  success?: Keep | undefined;
  /** Default: as the rest, '90 days'. */
  failure?: Keep | undefined;
  /** Expired ones too. Default: as the rest, '90 days'. */
  revoked?: Keep | undefined;
}

/** What is removed, and when. What has not finished is never removed. */
export interface RetentionOptions extends KeepByState {
  /**
   * Others for tasks of these names, or patterns of names, of which the first that fits counts:
   * `{ 'billing.*': '2 years', 'ping': { success: '1h' } }`. Default: none.
   */
  tasks?: Readonly<Record<string, Keep | KeepByState>> | undefined;
  /** What tasks logged, counted from their submission; at most as long as the record. Default '30 days'. */
  logs?: Keep | undefined;
  /** What operators did. Default '1 year'. */
  audit?: Keep | undefined;
}

export interface ResolvedRetention {
  /** The first that fits counts; there is one for every task. */
  readonly rules: readonly KeepRule[];
  readonly logsMs: number;
  readonly auditMs: number;
}

const STATES = { success: 'SUCCESS', failure: 'FAILURE', revoked: 'REVOKED' } as const;
const NAMES = [...Object.keys(STATES), 'tasks', 'logs', 'audit'];
const DAY_MS = 86_400_000;
const KEEP_MS = 90 * DAY_MS;
const LOGS_MS = 30 * DAY_MS;
const AUDIT_MS = 365 * DAY_MS;
const LEAST_MS = 1000;
const EXPECTED = "a duration such as '30 days', false, or an object of them";

/** @throws InvalidOptionError */
export function resolveRetention(given: Keep | RetentionOptions | undefined): ResolvedRetention {
  if (given !== undefined && !isObject(given)) {
    const keepMs = readKeep(given, 'retention');
    return { rules: rulesOf('%', always(keepMs)), logsMs: LOGS_MS, auditMs: AUDIT_MS };
  }
  const { tasks = {}, logs, audit, ...byState } = given ?? {};
  for (const name of Object.keys(byState)) assertName(name, NAMES, 'retention');
  if (!isObject(tasks))
    throw new InvalidOptionError('retention.tasks', `an object of task names with ${EXPECTED}`, tasks);
  const general = readByState(byState, always(KEEP_MS), 'retention');
  const special = Object.entries(tasks as Readonly<Record<string, unknown>>).flatMap(([name, keep]) =>
    rulesOf(likePattern(name), readSpecial(keep, general, `retention.tasks['${name}']`)),
  );
  return {
    rules: [...special, ...rulesOf('%', general)],
    logsMs: readKeep(logs ?? LOGS_MS, 'retention.logs'),
    auditMs: readKeep(audit ?? AUDIT_MS, 'retention.audit'),
  };
}

type ByState = Readonly<Record<FinalState, number>>;

const always = (keepMs: number): ByState => ({ SUCCESS: keepMs, FAILURE: keepMs, REVOKED: keepMs });

const rulesOf = (pattern: string, keep: ByState): KeepRule[] =>
  FINAL_STATES.map((state) => ({ pattern, state, keepMs: keep[state] }));

function readSpecial(keep: unknown, general: ByState, option: string): ByState {
  if (!isObject(keep)) return always(readKeep(keep, option));
  for (const name of Object.keys(keep)) assertName(name, Object.keys(STATES), option);
  return readByState(keep, general, option);
}

function readByState(given: KeepByState, otherwise: ByState, option: string): ByState {
  const read = (name: keyof typeof STATES) =>
    given[name] === undefined ? otherwise[STATES[name]] : readKeep(given[name], `${option}.${name}`);
  return { SUCCESS: read('success'), FAILURE: read('failure'), REVOKED: read('revoked') };
}

function readKeep(keep: unknown, option: string): number {
  if (keep === false) return Number.POSITIVE_INFINITY;
  if (typeof keep !== 'string' && typeof keep !== 'number')
    throw new InvalidOptionError(option, EXPECTED, keep);
  const ms = toMilliseconds(keep, option);
  if (ms < LEAST_MS) throw new InvalidOptionError(option, "at least '1s'", keep);
  return ms;
}

function assertName(name: string, names: readonly string[], option: string): void {
  if (!names.includes(name))
    throw new InvalidOptionError(
      `${option}.${name}`,
      `one of ${names.join(', ')}${didYouMean(name, names)}`,
      name,
    );
}

/** `*` stands for anything; the rest is taken literally. */
function likePattern(name: string): string {
  assertPattern(name, 'retention.tasks');
  return name.replaceAll(/[\\%_]/g, '\\$&').replaceAll('*', '%');
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
