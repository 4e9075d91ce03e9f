import type { Statement } from '../database.js';
import type { Tables } from '../tables.js';

/** Without the children of prefork workers. */
export function livingWorkers({ worker, schema }: Tables): Statement {
  return {
    name: `${schema}.living-workers`,
    text: `SELECT id, name FROM ${worker} WHERE dead_at IS NULL AND lease_until > clock_timestamp()
      AND info->'supervisor' IS NULL ORDER BY name, id`,
  };
}

/** Up to $1 tasks that wait for their time, the next first. */
export function dueLater({ task, schema }: Tables): Statement {
  return {
    name: `${schema}.due-later`,
    text: `SELECT id, name, queue, state, priority, to_char(due_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS "dueAt"
      FROM ${task} WHERE due_at IS NOT NULL AND ready_at IS NULL AND worker_id IS NULL ORDER BY due_at LIMIT $1`,
  };
}

/** $1 id, $2 for how many ms, $3 by whom, $4 what, $5 with what, $6 to whom. */
export function sendCommand({ command, schema }: Tables): Statement {
  return {
    name: `${schema}.send-command`,
    text: `
      INSERT INTO ${command} (id, until, by, name, params, workers)
      VALUES ($1, clock_timestamp() + $2 * interval '1 ms', $3, $4, $5, $6)`,
  };
}

/** What the worker $1 is to do or to answer. What is past its time is left alone: its asker was told that it did not happen. */
export function openCommands({ command, reply, schema }: Tables): Statement {
  return {
    name: `${schema}.open-commands`,
    text: `SELECT id, name, params FROM ${command} c WHERE $1 = ANY(c.workers) AND c.until > clock_timestamp()
      AND NOT EXISTS (SELECT FROM ${reply} r WHERE r.command_id = c.id AND r.worker_id = $1) ORDER BY id`,
  };
}

/** $1 command, $2 worker, $3 value, $4 error. */
export function replyToCommand({ command, reply, schema }: Tables): Statement {
  return {
    name: `${schema}.reply`,
    text: `INSERT INTO ${reply} (command_id, worker_id, value, error)
      SELECT id, $2, $3, $4 FROM ${command} WHERE id = $1 FOR KEY SHARE ON CONFLICT DO NOTHING`,
  };
}

export function repliesTo({ reply, schema }: Tables): Statement {
  return {
    name: `${schema}.replies`,
    text: `SELECT worker_id AS worker, value, error FROM ${reply} WHERE command_id = $1`,
  };
}

export function dropCommand({ command, schema }: Tables): Statement {
  return { name: `${schema}.drop-command`, text: `DELETE FROM ${command} WHERE id = $1` };
}
