import type { TaskState } from './states.js';
import type { Tables } from './tables.js';

/** Live tasks that are meant: every given condition must hold. */
export interface LiveFilter {
  readonly ids?: readonly string[] | undefined;
  /** Exactly, or its beginning with `*` at the end: `email.*`. */
  readonly name?: string | undefined;
  readonly queue?: string | undefined;
  /** Every one of these tags must be there with this value. */
  readonly tags?: Readonly<Record<string, string>> | undefined;
  readonly owner?: string | undefined;
}

/** Which tasks to list; all that is given must fit. Default: all. */
export interface TaskFilter {
  state?: TaskState | readonly TaskState[] | undefined;
  /** Exactly, or its beginning with `*` at the end: `email.*`. */
  name?: string | undefined;
  queue?: string | undefined;
  owner?: string | undefined;
  /** The workflow that it belongs to. */
  workflow?: string | undefined;
  /** Every one of these tags must be there with this value. */
  tags?: Readonly<Record<string, string>> | undefined;
  /** The name of the worker that holds it, or held it last. */
  worker?: string | undefined;
  /** Submitted at this time or later. */
  from?: Date | undefined;
  /** Submitted before this time. */
  to?: Date | undefined;
  /** A part of its name or of its error's message, the value of one of its tags, or its id. */
  search?: string | undefined;
  /** A part of its arguments as JSON; large arguments are not looked at. */
  args?: string | undefined;
  /** The fingerprint of its error. */
  error?: string | undefined;
  /** The task that submitted it. */
  parent?: string | undefined;
}

/** Adds a value of a statement, and gives its place: `$3::uuid`. */
export type Parameters = (value: unknown, type?: string) => string;

/** What a row `t` must meet, beside the range of its id. A value of the filter is never part of the text. */
export function conditionsOf(
  filter: TaskFilter,
  table: 'task' | 'done',
  { state, worker, errorTask }: Tables,
  add: Parameters,
): string[] {
  const conditions: string[] = [];
  const when = (value: unknown, condition: (given: string) => string, type?: string) => {
    if (value !== undefined) conditions.push(condition(add(value, type)));
  };
  when(filter.state && [filter.state].flat(), (given) => `t.state = ANY(${given})`, `${state}[]`);
  if (filter.name?.endsWith('*'))
    when(`${escapeLike(filter.name.slice(0, -1))}%`, (given) => `t.name LIKE ${given}`);
  else when(filter.name, (given) => `t.name = ${given}`);
  when(filter.queue, (given) => `t.queue = ${given}`);
  when(filter.owner, (given) => `t.owner = ${given}`);
  when(
    filter.worker,
    (given) => `t.worker_id = ANY(ARRAY(SELECT w.id FROM ${worker} w WHERE w.name = ${given}))`,
  );
  when(filter.tags && JSON.stringify(filter.tags), (given) => `t.tags @> ${given}`, 'jsonb');
  when(filter.workflow, (given) => `t.workflow_id = ${given}`, 'uuid');
  when(filter.parent, (given) => `t.parent_id = ${given}`, 'uuid');
  when(filter.args && `%${escapeLike(filter.args)}%`, (given) => `t.args::text ILIKE ${given}`);
  if (filter.error !== undefined && table === 'task') conditions.push('false');
  else
    when(
      filter.error,
      (given) =>
        `t.state = 'FAILURE' AND EXISTS (SELECT FROM ${errorTask} e WHERE e.fingerprint = ${given} AND e.task_id = t.id)`,
    );
  if (filter.search !== undefined) conditions.push(searched(filter.search, table, add));
  return conditions;
}

function searched(search: string, table: 'task' | 'done', add: Parameters): string {
  const part = add(`%${escapeLike(search)}%`, 'text');
  const whole = add(search, 'text');
  const message = `t.error->>'message'`;
  const error =
    table === 'done'
      ? ` OR ${message} ILIKE ${part} AND ${withoutPasswords(message)} ILIKE ${part} OR t.error->>'name' ILIKE ${part}`
      : '';
  return `(t.name ILIKE ${part} OR t.id::text = lower(${whole})${error}
    OR t.tags IS NOT NULL AND EXISTS (SELECT FROM jsonb_each_text(t.tags) v WHERE v.value = ${whole}))`;
}

/** Answers cover passwords within URLs: parts of them must not be found either. */
const withoutPasswords = (text: string) =>
  `regexp_replace(${text}, '(://[^\\s/:@]*:)[^\\s/@]+@', '\\1@', 'g')`;

/** A text that LIKE takes as it is. */
export const escapeLike = (text: string) => text.replace(/[\\%_]/g, '\\$&');
