import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from 'pg';
import { DATABASE, readPassword } from './cluster.js';
import {
  connect,
  ensureDatabase,
  isHeldByOther,
  KEEPER,
  tellJoined,
  tryShareLock,
  USERS,
} from './connection.js';
import { EmbeddedPostgresError } from './errors.js';
import { startKeeper, type KeeperProcess } from './keeper-process.js';
import type { Place } from './place.js';
import { readPostmaster, type Postmaster } from './postmaster.js';

export interface JoinedDatabase {
  /** Its connection holds the shared lock: this process counts as a user for as long as it is open. */
  client: Client;
  port: number;
  password: string;
}

export interface JoinOptions {
  /** How long to wait for others' keeper, in milliseconds, before starting one. */
  patience: number;
  /** Whether waiting keeps this process alive. */
  ref: boolean;
}

const POLL_MS = 25;
/** A keeper starts the server a moment before it takes its lock. */
const KEEPER_PATIENCE_MS = 300;
const LIMIT_MS = 120_000;
const WRONG_PASSWORD = '28P01';

/** Becomes a user of the server, after starting one if there is none. */
export async function joinDatabase(place: Place, { patience, ref }: JoinOptions): Promise<JoinedDatabase> {
  const begun = Date.now();
  let keeper: KeeperProcess | undefined;
  let problem: unknown;
  while (Date.now() - begun < LIMIT_MS) {
    await keeper?.assertNotFailed();
    const postmaster = await readPostmaster(place.data);
    if (postmaster?.ready) {
      const joined = await tryJoin(place, postmaster, ref).catch(
        (error: unknown) => void (problem = explained(error, place)),
      );
      if (joined) return joined;
    }
    // Also beside a server that runs: its keeper may have been killed, and nobody would ever stop it.
    const patient = Date.now() - begun < (postmaster ? Math.max(patience, KEEPER_PATIENCE_MS) : patience);
    if (!patient && !keeper?.running) keeper = await startKeeper(place);
    await sleep(POLL_MS, undefined, { ref });
  }
  throw new EmbeddedPostgresError(
    `the embedded Postgres in ${place.home} was not ready after ${LIMIT_MS / 1000} s: ${place.log} says what it does`,
    { cause: problem },
  );
}

/** Undefined when the server is being stopped, or has no keeper yet: the next try will tell. */
async function tryJoin(
  place: Place,
  { port }: Postmaster,
  ref: boolean,
): Promise<JoinedDatabase | undefined> {
  const password = await readPassword(place);
  const client = await connect({ port, password });
  let joined = false;
  try {
    keepAlive(client, ref);
    if (!(await tryShareLock(client, USERS)) || !(await isHeldByOther(client, KEEPER))) return undefined;
    await ensureDatabase(client, DATABASE);
    await tellJoined(client);
    joined = true;
    return { client, port, password };
  } finally {
    if (!joined) await client.end();
  }
}

/** A server that starts, stops or crashes refuses connections for a while; only a wrong password stays wrong. */
function explained(error: unknown, { data }: Place): unknown {
  if ((error as { code?: string }).code !== WRONG_PASSWORD) return error;
  throw new EmbeddedPostgresError(
    `the password of the database user celeriac was changed: the one in ${data}/celeriac-password no longer fits. ` +
      'Write the new one into that file, or change it back',
    { cause: error },
  );
}

/** Whether the open connection keeps this process alive. pg has these methods; its types do not. */
export function keepAlive(client: Client, yes: boolean): void {
  const socket = client as Client & { ref(): void; unref(): void };
  if (yes) socket.ref();
  else socket.unref();
}
