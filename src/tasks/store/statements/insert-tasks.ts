import { ARGS_IN_PAYLOAD, PAYLOAD_ARGS } from '../columns.js';
import type { Statement } from '../database.js';
import type { NewTask } from '../new-task.js';
import type { Tables } from '../tables.js';
import { isGated } from './gates.js';
import { noteForRelay } from './outbox.js';

/**
 * Inserts a batch. `again` is the form for a batch whose first try got no answer: what the first try stored stays
 * as it is; see `removeFinished` for what was already run to its end. `extended` has columns that most rows leave empty.
 * One answer for the whole batch: when it was created, and the id of its outbox row, if there is one.
 */
export function insertTasks(
  tables: Tables,
  { again = false, extended = false }: { again?: boolean; extended?: boolean } = {},
): Statement {
  const { task, taskGate, payload, schema, state } = tables;
  const noted = noteForRelay(tables, 'stored');
  const extra = extended ? ', flags, parent_id, root_id, waiting_on, group_id, workflow_id' : '';
  const gates = extended
    ? `, gates AS (
        INSERT INTO ${taskGate} (gate, task_id, line, priority, since)
        SELECT l.gate, l.id, l.line, g.priority, CASE WHEN g.due IS NULL AND g.waiting_on IS NULL THEN clock_timestamp() END
        FROM unnest($21::text[], $22::uuid[], $23::bool[]) l(gate, id, line) JOIN given g ON g.id = l.id
        ON CONFLICT (gate, task_id) DO NOTHING)`
    : '';
  const ready = extended ? `due IS NULL AND waiting_on IS NULL AND NOT ${isGated('')}` : 'due IS NULL';
  // what waits for others begins its countdown and its lifetime when it is released
  const unlessWaiting = (value: string, absolute: string) =>
    extended ? `CASE WHEN waiting_on IS NULL THEN ${value} ELSE ${absolute} END` : value;
  return {
    name: `${schema}.insert${extended ? '.extended' : ''}${again ? '.again' : ''}`,
    text: `
      WITH large AS (
        INSERT INTO ${payload} (task_id, kind, data)
        SELECT id, ${PAYLOAD_ARGS}, convert_to(data, 'UTF8') FROM unnest($13::uuid[], $14::text[]) l(id, data)
        ${again ? 'ON CONFLICT DO NOTHING' : ''}
      ), given AS (
        SELECT u.*, coalesce(u.eta, now() + u.delay * interval '1 ms') AS due
        FROM unnest($1::uuid[], $2::text[], $3::text[], $4::int2[], $5::timestamptz[], $6::float8[], $7::timestamptz[],
          $8::float8[], $9::text[], $10::text[], $11::text[], $12::text[]${extended ? ', $15::int2[], $16::uuid[], $17::uuid[], $18::int[], $19::uuid[], $20::uuid[]' : ''})
          u(id, name, queue, priority, eta, delay, expires, lifetime, owner, tags, args, options${extra})
      )${gates}, stored AS (
        INSERT INTO ${task} (id, state, name, queue, priority, due_at, ready_at, expires_at, owner, tags, args, options${extra}, codec)
        SELECT id, ${extended ? `CASE WHEN waiting_on IS NULL THEN 'PENDING' ELSE 'WAITING' END::${state}` : `'PENDING'`},
          name, queue, priority, ${unlessWaiting('due', 'eta')}, CASE WHEN ${ready} THEN clock_timestamp() END,
          ${unlessWaiting(`coalesce(expires, now() + lifetime * interval '1 ms')`, 'expires')}, owner, tags::jsonb, args::jsonb, options::jsonb${extra},
          CASE WHEN args IS NULL THEN ${ARGS_IN_PAYLOAD} ELSE 0 END
        FROM given
        ${again ? 'ON CONFLICT (id) DO NOTHING' : ''}
        ${noted.cte && 'RETURNING id, ready_at IS NOT NULL AS ready'}
      )
      ${noted.cte} SELECT now() AS created_at${noted.column}`,
  };
}

export function insertValues(tasks: readonly NewTask[], extended = false): unknown[] {
  const large = tasks.filter((task) => task.large);
  const gates = extended
    ? tasks.flatMap(({ id, gates: own }) => own.map(({ key }, i) => ({ key, id, line: i === 0 })))
    : [];
  return [
    tasks.map((task) => task.id),
    tasks.map((task) => task.name),
    tasks.map((task) => task.queue),
    tasks.map((task) => task.priority),
    tasks.map((task) => task.eta),
    tasks.map((task) => task.delayMs),
    tasks.map((task) => task.expires),
    tasks.map((task) => task.lifetimeMs),
    tasks.map((task) => task.owner),
    tasks.map((task) => task.tags),
    tasks.map((task) => (task.large ? null : task.args)),
    tasks.map((task) => task.options),
    large.map((task) => task.id),
    large.map((task) => task.args),
    ...(extended
      ? [
          tasks.map((task) => task.flags),
          tasks.map((task) => task.parentId),
          tasks.map((task) => task.rootId),
          tasks.map((task) => task.waitingOn),
          tasks.map((task) => task.groupId),
          tasks.map((task) => task.workflowId),
          gates.map((gate) => gate.key),
          gates.map((gate) => gate.id),
          gates.map((gate) => gate.line),
        ]
      : []),
  ];
}

/** After `insertTasks` again, in its transaction: takes back what the first try had stored and a worker has finished. */
export function removeFinished({ task, done, schema }: Tables): Statement {
  return {
    name: `${schema}.remove-finished`,
    text: `DELETE FROM ${task} t USING unnest($1::uuid[]) u(id) WHERE t.id = ANY(ARRAY[u.id])
      AND EXISTS (SELECT FROM ${done} d WHERE d.id = u.id)`,
  };
}
