import type { FinalState } from '../states.js';
import type { Tables } from '../tables.js';

/** How long tasks are kept whose name is like this and that ended so. */
export interface KeepRule {
  /** As LIKE has it. */
  readonly pattern: string;
  readonly state: FinalState;
  /** From their end, in milliseconds. Infinity: for ever. */
  readonly keepMs: number;
}

/**
 * The rules as the parameters $1 and $2: the text depends on their number alone, so that statements stay few; an
 * expression, and not a join with a list, because it is worked out for every row that is looked at.
 */
export function keepValues(rules: readonly KeepRule[]): [string[], number[]] {
  return [rules.map((rule) => rule.pattern), rules.map((rule) => rule.keepMs)];
}

/** How many ms the row `d` is kept: by the first rule that fits. */
export function keepOf(rules: readonly KeepRule[], d: string): string {
  const cases = rules.map(
    ({ state }, i) =>
      `WHEN ${d}.state = '${state}' AND ${d}.name LIKE ($1::text[])[${i + 1}] THEN ($2::float8[])[${i + 1}]`,
  );
  return `CASE ${cases.join(' ')} END`;
}

/**
 * Whether the finished row `d` stays although its time is over: its workflow goes on, or what was made of its result
 * does, or could still be retried.
 */
export function isHeld({ task, done, edge, expiry }: Tables, rules: readonly KeepRule[], d: string): string {
  return `(EXISTS (SELECT FROM ${task} t WHERE t.id = ANY(ARRAY[${d}.workflow_id]))
        OR EXISTS (SELECT FROM ${edge} e WHERE e.parent_id = ${d}.id AND (
          EXISTS (SELECT FROM ${task} t WHERE t.id = ANY(ARRAY[e.child_id]))
          OR EXISTS (SELECT FROM ${done} c WHERE c.id = ANY(ARRAY[e.child_id]) AND c.state <> 'SUCCESS'
            AND extract(epoch FROM now() - c.finished_at) * 1000 < ${keepOf(rules, 'c')}
            AND NOT EXISTS (SELECT FROM ${expiry} y WHERE y.task_id = c.id AND y.until <= now())))))`;
}
