import { Client, escapeIdentifier } from 'pg';
import { DATABASE, DATABASE_USER } from './cluster.js';

export interface ServerAddress {
  port: number;
  password: string;
}

/**
 * Advisory locks belong to a database: these are taken in `postgres`, out of the way of the application's own locks and of
 * whoever drops the application's database.
 */
const LOCK_SPACE = 0x63656c65;
/** Shared: somebody uses the server. Exclusive: it is being stopped. */
export const USERS = 1;
/** Held by the one keeper. */
export const KEEPER = 2;
const CREATING = 3;
const USERS_CHANNEL = 'celeriac_users';

export function databaseUrl({ port, password }: ServerAddress): string {
  return `postgres://${DATABASE_USER}:${password}@127.0.0.1:${port}/${DATABASE}`;
}

/** A connection for locks: its loss is heard as 'end', and never as an error nobody listens to. */
export async function connect({ port, password }: ServerAddress): Promise<Client> {
  const client = new Client({
    host: '127.0.0.1',
    port,
    user: DATABASE_USER,
    password,
    database: 'postgres',
    ssl: false,
    keepAlive: true,
    connectionTimeoutMillis: 10_000,
    application_name: 'celeriac embedded',
  });
  client.on('error', () => undefined);
  await client.connect();
  return client;
}

export async function tryLock(client: Client, lock: number): Promise<boolean> {
  return askBoolean(client, 'select pg_try_advisory_lock($1, $2) as yes', [LOCK_SPACE, lock]);
}

export async function tryShareLock(client: Client, lock: number): Promise<boolean> {
  return askBoolean(client, 'select pg_try_advisory_lock_shared($1, $2) as yes', [LOCK_SPACE, lock]);
}

/** Tells the keeper that somebody came, so that one who is killed right after is known to have been there. */
export async function tellJoined(client: Client): Promise<void> {
  await client.query('select pg_notify($1, $2)', [USERS_CHANNEL, 'joined']);
}

/** Gives up this process's share of the lock and tells the keeper, who then need not wait for its next look. */
export async function leave(client: Client): Promise<void> {
  const sql = 'select pg_advisory_unlock_shared($1, $2), pg_notify($3, $4)';
  await client.query(sql, [LOCK_SPACE, USERS, USERS_CHANNEL, 'left']);
}

/** Hears of whoever joined or left. */
export async function listenToUsers(client: Client, listener: () => void): Promise<void> {
  client.on('notification', listener);
  await client.query(`listen ${USERS_CHANNEL}`);
}

/** Whether another connection holds the lock in any mode. Unlike trying, looking never makes somebody else's try fail. */
export async function isHeldByOther(client: Client, lock: number): Promise<boolean> {
  return askBoolean(
    client,
    `select exists (select from pg_locks where locktype = 'advisory' and granted and classid = $1 and objid = $2
       and objsubid = 2 and pid <> pg_backend_pid()
       and database = (select oid from pg_database where datname = current_database())) as yes`,
    [LOCK_SPACE, lock],
  );
}

/** Makes the database if it is not there, one process at a time. */
export async function ensureDatabase(client: Client, name: string): Promise<void> {
  const there = 'select exists (select from pg_database where datname = $1) as yes';
  if (await askBoolean(client, there, [name])) return;
  // CREATE DATABASE cannot run in a transaction, so the lock is the session's and is given back by hand.
  await client.query('select pg_advisory_lock($1, $2)', [LOCK_SPACE, CREATING]);
  try {
    if (!(await askBoolean(client, there, [name])))
      await client.query(`create database ${escapeIdentifier(name)}`);
  } finally {
    await client.query('select pg_advisory_unlock($1, $2)', [LOCK_SPACE, CREATING]);
  }
}

async function askBoolean(client: Client, sql: string, values: unknown[]): Promise<boolean> {
  const { rows } = await client.query<{ yes: boolean }>(sql, values);
  return rows[0]?.yes === true;
}
