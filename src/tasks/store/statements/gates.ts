import { GATED } from '../columns.js';
import type { Statement } from '../database.js';
import type { Tables } from '../tables.js';
import { noteForRelay } from './outbox.js';

/** Makes gates known, or changes their limits: $1 keys (sorted), $2 how many run at once, $3 starts a second, $4 bursts. */
export function ensureGates({ gate, schema }: Tables): Statement {
  return {
    name: `${schema}.ensure-gates`,
    text: `
      INSERT INTO ${gate} AS g (key, max_running, rate, burst, tokens, refilled_at)
      SELECT key, max_running, rate, burst, burst, now()
      FROM unnest($1::text[], $2::int[], $3::float8[], $4::int[]) u(key, max_running, rate, burst)
      ON CONFLICT (key) DO UPDATE SET max_running = excluded.max_running, rate = excluded.rate, burst = excluded.burst, touched_at = now()`,
  };
}

/** Up to $2 lines in which tasks wait, by their names after $1 and up to $3, or null: hops through the index, one probe a line. */
export function waitingLines({ taskGate, schema }: Tables): Statement {
  return {
    name: `${schema}.waiting-lines`,
    text: `
      WITH RECURSIVE l AS (
        (SELECT gate FROM ${taskGate} WHERE line AND since IS NOT NULL AND gate > $1 ORDER BY gate LIMIT 1)
        UNION ALL
        SELECT (SELECT g.gate FROM ${taskGate} g WHERE g.line AND g.since IS NOT NULL AND g.gate > l.gate ORDER BY g.gate LIMIT 1)
        FROM l WHERE l.gate IS NOT NULL AND ($3::text IS NULL OR l.gate < $3)
      )
      SELECT gate FROM l WHERE gate IS NOT NULL AND ($3::text IS NULL OR gate <= $3) LIMIT $2`,
  };
}

/** How far past tasks of paused queues a line is looked through, in multiples of what is wanted. */
const PAST_PAUSED = 50;

/**
 * Locks the first $2 tasks of each of the lines $1 that may be admitted, the lines taking turns. Tasks of paused queues
 * stay in line and let those behind them pass. Tasks that another statement works on are skipped.
 * `num_nonnulls` does not imply the predicate of a partial index, by which all that waits would be read for each line.
 */
export function candidates({ task, taskGate, queue, schema }: Tables): Statement {
  return {
    name: `${schema}.gate-candidates`,
    text: `
      SELECT t.id, l.gate AS line FROM unnest($1::text[]) WITH ORDINALITY l(gate, n)
      CROSS JOIN LATERAL (
        SELECT h.task_id, row_number() OVER (ORDER BY h.priority DESC, h.since) AS place FROM (
          SELECT g.task_id, g.priority, g.since FROM ${taskGate} g
          WHERE g.gate = l.gate AND g.line AND g.since IS NOT NULL ORDER BY g.priority DESC, g.since LIMIT $2::int * ${PAST_PAUSED}) h
        WHERE NOT EXISTS (SELECT FROM ${queue} WHERE paused_at IS NOT NULL) OR NOT EXISTS (
          SELECT FROM ${task} p JOIN ${queue} k ON k.name = p.queue WHERE p.id = ANY(ARRAY[h.task_id]) AND k.paused_at IS NOT NULL)
        ORDER BY h.priority DESC, h.since LIMIT $2::int) w
      JOIN ${task} t ON t.id = ANY(ARRAY[w.task_id])
      WHERE num_nonnulls(t.ready_at, t.worker_id, t.due_at) = 0 AND t.state <> 'WAITING'
        AND (t.expires_at IS NULL OR t.expires_at > now())
        AND NOT EXISTS (SELECT FROM ${queue} k WHERE k.name = t.queue AND k.paused_at IS NOT NULL)
      ORDER BY w.place, l.n FOR UPDATE OF t SKIP LOCKED`,
  };
}

/** Which gates the tasks $1 must pass. */
export function gatesOfTasks({ taskGate, schema }: Tables): Statement {
  return {
    name: `${schema}.gates-of-tasks`,
    text: `SELECT task_id, gate FROM ${taskGate} WHERE task_id = ANY($1::uuid[])`,
  };
}

/** Locks the gates $1, in one order for everybody. */
export function lockGates({ gate, schema }: Tables): Statement {
  return {
    name: `${schema}.lock-gates`,
    text: `SELECT key FROM ${gate} WHERE key = ANY($1::text[]) ORDER BY key FOR UPDATE`,
  };
}

/**
 * The gates $1 as they are, once they are locked: a statement of its own, so that it sees all that was admitted before.
 * What is admitted is counted from the tasks themselves: those that can be taken, or run. The rate of a task that an
 * operator has changed takes the place of the code's; the gate 'task … rate' is only there for one.
 */
export function gateStates({ gate, taskGate, task, override, schema }: Tables): Statement {
  return {
    name: `${schema}.gate-states`,
    text: `
      SELECT k.key, k.max_running AS "maxRunning", e.rate, e.burst,
        least(e.burst, k.tokens + greatest(0, extract(epoch FROM c.at - k.refilled_at)) * coalesce(e.rate, 0))::float8 AS tokens,
        a.running + a.ready AS admitted, a.ready, c.at::text AS at
      FROM ${gate} k CROSS JOIN (SELECT clock_timestamp() AS at) c
      LEFT JOIN ${override} o ON k.key LIKE 'task %' AND o.task = split_part(k.key, ' ', 2)
      CROSS JOIN LATERAL (
        SELECT CASE WHEN split_part(k.key, ' ', 3) = 'rate' THEN nullif(o.rate, 0)
          WHEN k.rate IS NOT NULL AND o.rate IS NOT NULL THEN nullif(o.rate, 0) ELSE k.rate END AS rate,
          coalesce(o.burst, k.burst) AS burst) e
      CROSS JOIN LATERAL (
        SELECT count(*) FILTER (WHERE t.worker_id IS NOT NULL)::int AS running,
          count(*) FILTER (WHERE t.worker_id IS NULL AND t.ready_at IS NOT NULL)::int AS ready
        FROM ${taskGate} g JOIN ${task} t ON t.id = ANY(ARRAY[g.task_id]) WHERE g.gate = k.key AND g.admitted_at IS NOT NULL) a
      WHERE k.key = ANY($1::text[])`,
  };
}

/** Admits the tasks $1: they can be taken from now on. */
export function admitTasks(tables: Tables): Statement {
  const { task, taskGate, schema } = tables;
  const noted = noteForRelay(tables, 'p');
  return {
    name: `${schema}.admit`,
    text: `
      WITH p AS (
        UPDATE ${task} t SET ready_at = clock_timestamp() WHERE t.id = ANY($1::uuid[])
        RETURNING t.id, t.dispatch, t.name, t.queue, t.priority, true AS ready
      ), g AS (
        UPDATE ${taskGate} g SET admitted_at = now(), since = NULL WHERE g.task_id = ANY($1::uuid[])
      )${noted.cte}
      SELECT id, dispatch, name, queue, priority${noted.column} FROM p`,
  };
}

/** What the gates $1 hold from now on: $2 tokens, as of $3. Forgets the tasks there that have ended. */
export function chargeGates({ gate, taskGate, task, schema }: Tables): Statement {
  return {
    name: `${schema}.charge-gates`,
    text: `
      WITH gone AS (
        DELETE FROM ${taskGate} g WHERE g.gate = ANY($1::text[]) AND g.admitted_at IS NOT NULL
          AND NOT EXISTS (SELECT FROM ${task} t WHERE t.id = ANY(ARRAY[g.task_id]))
      )
      UPDATE ${gate} k SET tokens = u.tokens, refilled_at = $3::timestamptz, touched_at = now()
      FROM unnest($1::text[], $2::float8[]) u(key, tokens) WHERE k.key = ANY(ARRAY[u.key])`,
  };
}

/** Forgets tasks in the lines $1 that were revoked, or have expired, while they waited. */
export function leaveLines({ taskGate, task, schema }: Tables): Statement {
  return {
    name: `${schema}.leave-lines`,
    text: `DELETE FROM ${taskGate} g WHERE g.gate = ANY($1::text[]) AND g.line AND g.since IS NOT NULL
      AND NOT EXISTS (SELECT FROM ${task} t WHERE t.id = ANY(ARRAY[g.task_id]))`,
  };
}

/**
 * Forgets up to $1 rows of tasks that have ended, and as many gates that nobody used for a day. Rows that an operator's
 * retry has taken up again meanwhile, when their task was not live yet, are known by their new version and stay.
 */
export function dropOldGates({ gate, taskGate, task, schema }: Tables): Statement {
  return {
    name: `${schema}.drop-gates`,
    text: `
      WITH rows AS (
        DELETE FROM ${taskGate} g USING (
          SELECT x.gate, x.task_id, x.xmin AS version FROM ${taskGate} x
          WHERE NOT EXISTS (SELECT FROM ${task} t WHERE t.id = ANY(ARRAY[x.task_id])) LIMIT $1) x
        WHERE g.gate = x.gate AND g.task_id = x.task_id AND g.xmin = x.version
        RETURNING 1
      ), unused AS (
        DELETE FROM ${gate} WHERE key = ANY(ARRAY(
          SELECT k.key FROM ${gate} k WHERE k.touched_at < now() - interval '1 day'
            AND NOT EXISTS (SELECT FROM ${taskGate} g WHERE g.gate = k.key) LIMIT $1 FOR UPDATE SKIP LOCKED))
        RETURNING 1
      )
      SELECT greatest((SELECT count(*) FROM rows), (SELECT count(*) FROM unused))::int AS n`,
  };
}

/** For statements that make rows ready: those with gates wait at these first. */
export const isGated = (prefix: string) => `${prefix}flags & ${GATED} <> 0`;
