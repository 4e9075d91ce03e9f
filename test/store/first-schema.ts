import { DataSource } from 'typeorm';
import type { Pool } from 'pg';
import { initialMigration } from '#dist/tasks/store/migrations/1-initial.js';
import { v7 } from 'uuid';
import { newTaskId } from '#dist/tasks/submission/task-id.js';

const TASK = 'upgrade.echo';
const DAY_MS = 86_400_000;

/** The schema as the first version made it, and nothing of the later ones. */
export async function makeFirstSchema(url: string): Promise<void> {
  const dataSource = new DataSource({
    type: 'postgres',
    url,
    schema: 'celeriac',
    migrations: [initialMigration('celeriac')],
    migrationsTableName: 'migration',
  });
  await dataSource.initialize();
  try {
    await dataSource.query('CREATE SCHEMA celeriac');
    await dataSource.runMigrations();
  } finally {
    await dataSource.destroy();
  }
}

/** The tasks that {@link fillFirstSchema} makes, by what they are. */
export type FirstTasks = Record<
  | 'ready'
  | 'large'
  | 'delayed'
  | 'parent'
  | 'waiting'
  | 'running'
  | 'retrying'
  | 'revoking'
  | 'succeeded'
  | 'old'
  | 'failed'
  | 'revoked',
  string
>;

/** Tasks in every state, as the first version left them when its only worker was killed. */
export async function fillFirstSchema(sql: Pool): Promise<FirstTasks> {
  const worker = newTaskId();
  await sql.query(
    `INSERT INTO celeriac.worker (id, name, alive_since, lease_until) VALUES ($1, 'gone@host', now() - interval '1 h', now() - interval '1 min')`,
    [worker],
  );
  await sql.query(`INSERT INTO celeriac.queue (name) VALUES ('default')`);
  const live = async (state: string, columns: Record<string, unknown> = {}): Promise<string> => {
    const id = newTaskId();
    await insert(sql, 'task', { id, state, name: TASK, queue: 'default', args: json([state]), ...columns });
    return id;
  };
  const ended = async (
    state: string,
    columns: Record<string, unknown>,
    id: string = newTaskId(),
  ): Promise<string> => {
    const own = {
      id,
      state,
      name: TASK,
      queue: 'default',
      args: json([state]),
      attempt: 1,
      started_at: past(),
    };
    await insert(sql, 'task_done', { ...own, finished_at: past(), ...columns });
    return id;
  };
  const held = { attempt: 1, fence: 7, worker_id: worker, started_at: past() };

  const large = await live('PENDING', { ready_at: past(), args: null, codec: 1 });
  await sql.query(
    `INSERT INTO celeriac.payload (task_id, kind, data) VALUES ($1, 0, convert_to($2, 'UTF8'))`,
    [large, json(['x'.repeat(5000)])],
  );
  const parent = await live('PENDING', { ready_at: past(), flags: 1 });
  const waiting = await live('WAITING', { waiting_on: 1 });
  await sql.query('INSERT INTO celeriac.edge (parent_id, child_id, position) VALUES ($1, $2, 0)', [
    parent,
    waiting,
  ]);
  const error = json({ name: 'Error', message: 'as it was', stack: 'Error: as it was' });
  const failed = await ended('FAILURE', { error });
  await sql.query(
    `INSERT INTO celeriac.attempt (task_id, dispatch, attempt, worker_id, started_at, outcome, error)
     VALUES ($1, 1, 1, $2, now(), 'failed', $3)`,
    [failed, worker, error],
  );
  await sql.query(`INSERT INTO celeriac.audit (by, action, task_id) VALUES ('ann', 'retry', $1)`, [failed]);

  return {
    large,
    parent,
    waiting,
    failed,
    ready: await live('PENDING', { ready_at: past(), priority: 9, tags: json({ user: '42' }), owner: 'ann' }),
    delayed: await live('PENDING', { due_at: new Date(Date.now() + 3_600_000) }),
    running: await live('STARTED', { ...held, progress: json({ current: 1, total: 2 }) }),
    retrying: await live('RETRY', { attempt: 2, retries: 1, dispatch: 2, due_at: past() }),
    revoking: await live('STARTED', { ...held, revoke_at: past() }),
    succeeded: await ended('SUCCESS', { result: json({ sum: 5 }) }),
    old: await ended('SUCCESS', { result: json(1) }, v7({ msecs: Date.now() - 3 * DAY_MS })),
    revoked: await ended('REVOKED', { error: json({ name: 'TaskRevokedError', message: 'revoked' }) }),
  };
}

const past = () => new Date(Date.now() - 60_000);
const json = (value: unknown) => JSON.stringify(value);

async function insert(sql: Pool, table: string, columns: Record<string, unknown>): Promise<void> {
  const names = Object.keys(columns);
  await sql.query(
    `INSERT INTO celeriac.${table} (${names.join(', ')}) VALUES (${names.map((_, i) => `$${i + 1}`).join(', ')})`,
    Object.values(columns),
  );
}
