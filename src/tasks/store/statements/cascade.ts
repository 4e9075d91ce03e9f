import { HAS_DEPENDENTS, WIDE, kept } from '../columns.js';
import type { Statement } from '../database.js';
import type { FinalState } from '../states.js';
import type { Tables } from '../tables.js';
import { isGated } from './gates.js';
import { noteForRelay } from './outbox.js';
import { noteExpiry } from './result-expiry.js';

/** `edge.policy`: when the end of the parent counts for the child. */
export const EDGE_POLICY = {
  /** It must succeed: otherwise the child ends with it. */
  required: 0,
  /** Any end will do. */
  settled: 1,
  /** The child is an errback: it runs when the parent has failed. */
  failed: 2,
  /** The child is a callback: it runs when the parent has succeeded. */
  succeeded: 3,
} as const;

/** Bit of `edge.policy`: the child has begun and waits for something else since, so the parent may end again unheard. */
export const SPENT = 4;

/** What became of a task through the end of another. */
export interface CascadeRow {
  readonly id: string;
  readonly dispatch: number;
  readonly name: string;
  readonly queue: string;
  readonly priority: number;
  /** Whether it may be taken now. */
  readonly ready: boolean;
  /** WAITING while there are others to wait for. */
  readonly state: FinalState | 'PENDING' | 'WAITING';
  /** Whether its own dependents are released in steps. */
  readonly wide: boolean;
  readonly outbox?: string | null;
}

/** Whether the end of a parent counts for a child. */
export const isMet = (policy: string, final: string) =>
  `(${policy} = 1 OR (${policy} IN (0, 3) AND ${final} = 'SUCCESS') OR (${policy} = 2 AND ${final} = 'FAILURE'))`;
const endOf = (policy: string, final: string) =>
  `CASE WHEN ${policy} = 0 AND ${final} = 'FAILURE' THEN 'FAILURE' ELSE 'REVOKED' END`;

/**
 * Acts on the ends of the tasks $1, in the transaction that ended them: takes them off what waits for them, makes ready
 * what waits for nothing more, and ends what cannot run any more, with all that waits for that. Rows are locked in the
 * order of their ids, so that batches that end siblings do not wait for each other in a circle. A statement of its own
 * and not a part of the one that ends them: its snapshot is taken when these rows are locked, and sees what an
 * operator's retry has brought back meanwhile.
 *
 * Only what this transaction has ended counts, by `xmin`: the statement may be sent along with the one that ends the
 * tasks, before it is known which of them were still its worker's, or had ended in a try before this one.
 *
 * The ids are behind a subselect, whose plan does not depend on how many they are: with the array itself the statement is
 * planned anew each time, which takes longer than running it.
 *
 * The dependents of a task with many are left to {@link cascadeStep}.
 */
export function cascade(tables: Tables): Statement {
  const { done, schema } = tables;
  return {
    name: `${schema}.cascade`,
    text: `
      WITH RECURSIVE ended AS (
        SELECT id, state::text AS final, flags, name, workflow_id, error FROM ${done}
        WHERE id = ANY(ARRAY(SELECT unnest($1::uuid[]))) AND flags & ${HAS_DEPENDENTS} <> 0 AND xmin = pg_current_xact_id()::xid
      ), first AS (
        SELECT e.child_id, e.policy, p.final FROM ended p CROSS JOIN ${edgesOf(tables, 'p')} WHERE p.flags & ${WIDE} = 0
      ), ${consequences(tables)}, wide AS (
        INSERT INTO ${tables.release} (task_id)
        SELECT id FROM ended WHERE flags & ${WIDE} <> 0 UNION SELECT id FROM doomed WHERE flags & ${WIDE} <> 0
        ON CONFLICT DO NOTHING
      )
      ${answer(tables)}`,
  };
}

/** The same for up to $1 dependents of a task with many that has ended. No row and nothing left: see {@link isReleasing}. */
export function cascadeStep(tables: Tables): Statement {
  const { done, edge, release, schema } = tables;
  return {
    name: `${schema}.cascade-step`,
    text: `
      WITH RECURSIVE step AS (
        SELECT task_id, after FROM ${release} ORDER BY task_id LIMIT 1 FOR UPDATE SKIP LOCKED
      ), ended AS (
        SELECT d.id, d.state::text AS final, d.flags, d.name, d.workflow_id, d.error FROM step s JOIN ${done} d ON d.id = ANY(ARRAY[s.task_id])
      ), next AS (
        SELECT e.child_id, e.policy FROM step s CROSS JOIN LATERAL (
          SELECT child_id, policy FROM ${edge} WHERE parent_id = s.task_id AND policy < ${SPENT} AND child_id > coalesce(s.after, '00000000-0000-0000-0000-000000000000')
          ORDER BY child_id LIMIT $1) e
      ), moved AS (
        UPDATE ${release} r SET after = (SELECT child_id FROM next ORDER BY child_id DESC LIMIT 1)
        FROM step s WHERE r.task_id = s.task_id AND (SELECT count(*) FROM next) = $1
      ), over AS (
        DELETE FROM ${release} r USING step s WHERE r.task_id = s.task_id AND (SELECT count(*) FROM next) < $1
      ), first AS (
        SELECT n.child_id, n.policy, p.final FROM ended p CROSS JOIN next n
      ), ${consequences(tables)}, wide AS (
        INSERT INTO ${release} (task_id) SELECT id FROM doomed WHERE flags & ${WIDE} <> 0 ON CONFLICT DO NOTHING
      )
      ${answer(tables)}`,
  };
}

/** Whether dependents of a task with many are still to be released. */
export function isReleasing({ release, schema }: Tables): Statement {
  return { name: `${schema}.is-releasing`, text: `SELECT FROM ${release} LIMIT 1` };
}

/** The edges of one task, by their index. OFFSET 0: see `inputs`. */
const edgesOf = ({ edge }: Tables, parent: string) =>
  `LATERAL (SELECT child_id, policy FROM ${edge} WHERE parent_id = ${parent}.id AND policy < ${SPENT} OFFSET 0) e`;

/** The task `c` waits for others: a parent that ends anew, after an operator's retry, does not end who has begun. */
const waits = `c.state = 'WAITING' AND c.waiting_on > 0`;

/** From `ended` and `first` (the edges to their dependents) to the CTEs `released`, `gone` and `doomed`. */
function consequences(tables: Tables): string {
  const { task, done, state } = tables;
  return `fate(id, final, unneeded, flags) AS (
        SELECT f.child_id, ${endOf('f.policy', 'f.final')}, f.policy >= 2, c.flags
        FROM first f JOIN ${task} c ON c.id = ANY(ARRAY[f.child_id]) AND ${waits} WHERE NOT ${isMet('f.policy', 'f.final')}
        UNION
        SELECT e.child_id, ${endOf('e.policy', 'p.final')}, e.policy >= 2, c.flags
        FROM fate p CROSS JOIN ${edgesOf(tables, 'p')} JOIN ${task} c ON c.id = ANY(ARRAY[e.child_id]) AND ${waits}
        WHERE p.flags & ${WIDE} = 0 AND NOT ${isMet('e.policy', 'p.final')}
      ), beyond AS (
        SELECT e.child_id, e.policy, p.id, p.final FROM (SELECT DISTINCT id, final FROM fate WHERE flags & ${WIDE} = 0) p
        CROSS JOIN ${edgesOf(tables, 'p')}
      ), locked AS MATERIALIZED (
        SELECT id FROM ${task} WHERE id = ANY(ARRAY(SELECT child_id FROM first UNION SELECT child_id FROM beyond))
        ORDER BY id FOR UPDATE
      ), doomed AS (
        SELECT DISTINCT ON (f.id) f.id, f.final, f.unneeded, f.flags FROM fate f JOIN locked l ON l.id = f.id
        ORDER BY f.id, f.final, f.unneeded
      ), counted AS (
        SELECT x.child_id AS id, count(*)::int AS n FROM (
          SELECT child_id FROM first WHERE ${isMet('policy', 'final')}
          UNION ALL
          SELECT b.child_id FROM beyond b JOIN doomed d ON d.id = b.id AND d.final = b.final WHERE ${isMet('b.policy', 'b.final')}) x
        WHERE NOT EXISTS (SELECT FROM doomed d WHERE d.id = x.child_id)
        GROUP BY x.child_id
      ), released AS (
        UPDATE ${task} t SET waiting_on = t.waiting_on - c.n,
          state = CASE WHEN t.waiting_on > c.n THEN t.state ELSE 'PENDING' END,
          due_at = CASE WHEN t.waiting_on > c.n THEN t.due_at ELSE ${dueWhenReleased} END,
          ready_at = CASE WHEN t.waiting_on = c.n AND ${dueWhenReleased} IS NULL THEN clock_timestamp() END,
          expires_at = CASE WHEN t.waiting_on > c.n THEN t.expires_at ELSE ${expiryWhenReleased} END
        FROM counted c JOIN locked l ON l.id = c.id
        WHERE t.id = ANY(ARRAY[c.id]) AND t.state = 'WAITING' AND t.waiting_on >= c.n
        RETURNING t.id, t.dispatch, t.name, t.queue, t.priority, t.ready_at IS NOT NULL AS ready, t.state
      ), cause AS (
        SELECT DISTINCT ON (workflow_id) workflow_id,
          CASE WHEN error->>'name' = 'UpstreamFailedError' THEN error->>'message'
            ELSE left(name || ' ' || id || ' failed: ' || coalesce(error->>'name', 'Error') || ': ' || coalesce(error->>'message', ''), 1000) END AS message
        FROM ended WHERE final = 'FAILURE' ORDER BY workflow_id, id
      ), gone AS (
        DELETE FROM ${task} t USING doomed x WHERE t.id = ANY(ARRAY[x.id]) RETURNING t.*, x.final, x.unneeded
      ), expiring AS (
        ${noteExpiry(tables, 'gone')}
      ), ended_too AS (
        INSERT INTO ${done} (${kept('', 'state')}, state, finished_at, error)
        SELECT ${kept('g.', 'state')}, g.final::${state}, now(), CASE WHEN g.final = 'FAILURE'
          THEN jsonb_build_object('name', 'UpstreamFailedError', 'message', coalesce((SELECT c.message FROM cause c WHERE c.workflow_id = g.workflow_id), 'a task before it failed'))
          ELSE jsonb_build_object('name', 'TaskRevokedError', 'message', CASE WHEN g.unneeded THEN 'not needed' ELSE 'a task before it was revoked' END) END
        FROM gone g
      )`;
}

/** Its own time, or its countdown from now; one with limits goes by way of what is due. */
export const dueWhenReleased = `CASE WHEN greatest(t.due_at, now() + (t.options->>'delayMs')::float8 * interval '1 ms') > now()
            THEN greatest(t.due_at, now() + (t.options->>'delayMs')::float8 * interval '1 ms')
            WHEN ${isGated('t.')} THEN now() END`;

/** Its own time, or its lifetime from now. */
export const expiryWhenReleased = `coalesce(t.expires_at, now() + (t.options->>'lifetimeMs')::float8 * interval '1 ms')`;

function answer(tables: Tables): string {
  const noted = noteForRelay(tables, 'released');
  return `${noted.cte}
      SELECT id, dispatch, name, queue, priority, ready, state::text AS state, false AS wide${noted.column} FROM released
      UNION ALL SELECT id, 0, name, queue, priority, false, final, flags & ${WIDE} <> 0${noted.column && ', NULL'} FROM gone`;
}
