import { AUDITED, PAYLOAD_RESULT, RESULT_IN_PAYLOAD, kept } from '../columns.js';
import type { Statement } from '../database.js';
import type { Tables } from '../tables.js';

/**
 * What is done to the records of another system's jobs. Such a row is never ready, held by a worker or due: so no claim,
 * rescue or promotion sees it. `$1` is a JSON array of rows wherever one is expected.
 */
export function jobStatements(tables: Tables): Record<JobStatement, Statement> {
  const { task, done, payload, attempt, state, auditedQueue, auditedJob, schema } = tables;
  const rows = (columns: string) => `jsonb_to_recordset($1::jsonb) AS r(${columns})`;
  const statement = (name: string, text: string): Statement => ({ name: `${schema}.jobs-${name}`, text });
  return {
    /** For $3 ms the queue $1 is $2's, unless it is somebody else's. */
    hold: statement(
      'hold',
      `INSERT INTO ${auditedQueue} AS q (name, cursor, holder, held_until)
       VALUES ($1, '0-0', $2, clock_timestamp() + $3 * interval '1 ms')
       ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, held_until = excluded.held_until
         WHERE q.holder = excluded.holder OR q.held_until < clock_timestamp()
       RETURNING cursor, missed`,
    ),
    letGo: statement(
      'let-go',
      `UPDATE ${auditedQueue} SET held_until = '-infinity' WHERE name = $1 AND holder = $2`,
    ),
    /** From $3 to $4, if nobody else has been faster. */
    move: statement(
      'move',
      `UPDATE ${auditedQueue} SET cursor = $4, missed = $5 WHERE name = $1 AND holder = $2 AND cursor = $3 RETURNING name`,
    ),
    /** The records of the jobs $2, live or ended. */
    known: statement(
      'known',
      `SELECT j.job_id AS "jobId", t.id, t.name, t.state::text AS state, t.attempt, t.retries, t.created_at, t.started_at, t.options
       FROM ${auditedJob} j CROSS JOIN LATERAL (
         SELECT id, name, state, attempt, retries, created_at, started_at, options FROM ${task} WHERE id = j.task_id
         UNION ALL
         SELECT id, name, state, attempt, retries, created_at, started_at, options FROM ${done} WHERE id = j.task_id) t
       WHERE j.queue = $1 AND j.job_id = ANY($2::text[])`,
    ),
    /** The ids of up to $3 jobs whose records are live, after the job $2. */
    live: statement(
      'live',
      `SELECT j.job_id AS "jobId" FROM ${auditedJob} j WHERE j.queue = $1 AND j.job_id > $2 AND j.until IS NULL
       ORDER BY j.job_id LIMIT $3`,
    ),
    /** Ended ones of which more happens. */
    revive: statement(
      'revive',
      `WITH d AS (DELETE FROM ${done} WHERE id = ANY($1::uuid[]) RETURNING *),
         old AS (DELETE FROM ${payload} p USING d WHERE p.task_id = d.id AND p.kind = ${PAYLOAD_RESULT})
       INSERT INTO ${task} (${kept('', 'codec')}, codec) SELECT ${kept('', 'codec')}, codec & ~${RESULT_IN_PAYLOAD} FROM d`,
    ),
    insert: statement(
      'insert',
      `INSERT INTO ${task} (id, created_at, state, name, queue, flags, codec, tags, args, options)
       SELECT r.id, r.created, 'PENDING', r.name, r.queue, ${AUDITED}, r.codec, r.tags, r.args, r.options
       FROM ${rows('id uuid, created timestamptz, name text, queue text, codec int2, tags jsonb, args jsonb, options jsonb')}`,
    ),
    update: statement(
      'update',
      `UPDATE ${task} t SET state = r.state::${state}, attempt = r.attempt, retries = r.retries, started_at = r.started,
         progress = coalesce(r.progress, t.progress), options = r.options
       FROM ${rows('id uuid, state text, attempt int2, retries int2, started timestamptz, progress jsonb, options jsonb')}
       WHERE t.id = ANY(ARRAY[r.id])`,
    ),
    finish: statement(
      'finish',
      `WITH d AS (
         DELETE FROM ${task} t USING ${rows('id uuid, state text, finished timestamptz, codec int2, result jsonb, error jsonb')}
         WHERE t.id = ANY(ARRAY[r.id]) RETURNING t.*, r.state AS final, r.finished, r.codec AS more, r.result, r.error)
       INSERT INTO ${done} (${kept('', 'state', 'codec')}, state, codec, finished_at, result, error)
       SELECT ${kept('', 'state', 'codec')}, final::${state}, codec | more, finished, result, error FROM d`,
    ),
    payloads: statement(
      'payloads',
      `INSERT INTO ${payload} (task_id, kind, data) SELECT r.id, r.kind, convert_to(r.data, 'UTF8')
       FROM ${rows('id uuid, kind int2, data text')}
       ON CONFLICT (task_id, kind) DO UPDATE SET data = excluded.data`,
    ),
    attempts: statement(
      'attempts',
      `INSERT INTO ${attempt} (task_id, dispatch, attempt, started_at, ended_at, outcome, error)
       SELECT r.id, r.attempt, r.attempt, r.started, r.ended, r.outcome, r.error
       FROM ${rows('id uuid, attempt int2, started timestamptz, ended timestamptz, outcome text, error jsonb')}
       ON CONFLICT DO NOTHING`,
    ),
    /** Which record a job has; $2 its queue. */
    note: statement(
      'note',
      `INSERT INTO ${auditedJob} (queue, job_id, task_id, until)
       SELECT $2, r.job, r.id, now() + r.kept * interval '1 ms' FROM ${rows('job text, id uuid, kept float8')}
       ON CONFLICT (queue, job_id) DO UPDATE SET task_id = excluded.task_id, until = excluded.until`,
    ),
    dropOld: statement(
      'drop-old',
      `WITH gone AS (DELETE FROM ${auditedJob} WHERE (queue, job_id) IN (
         SELECT queue, job_id FROM ${auditedJob} WHERE until < now() AND until IS NOT NULL ORDER BY until LIMIT $1 FOR UPDATE SKIP LOCKED) RETURNING 1)
       SELECT count(*)::int AS n FROM gone`,
    ),
  };
}

type JobStatement =
  | 'hold'
  | 'letGo'
  | 'move'
  | 'known'
  | 'live'
  | 'revive'
  | 'insert'
  | 'update'
  | 'finish'
  | 'payloads'
  | 'attempts'
  | 'note'
  | 'dropOld';
