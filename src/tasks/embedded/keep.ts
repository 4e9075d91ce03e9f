import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from 'pg';
import { Bell } from './bell.js';
import { isHeldByOther, KEEPER, listenToUsers, tryLock, USERS } from './connection.js';
import { PostgresServer } from './postgres-server.js';
import { readPostmaster } from './postmaster.js';
import type { Place } from './place.js';

type Log = (line: string) => void;

const POLL_MS = 500;
/** For the first user to come, and after a crash for the users to come back. */
const GRACE_MS = 3_000;
const TAKE_CHARGE_LIMIT_MS = 60_000;

/**
 * Has the server run for as long as somebody uses it. A user holds a shared lock on a connection, so one that is killed
 * is seen to be gone; and because the server is stopped under the exclusive lock, nobody can come in meanwhile.
 */
export async function keep(place: Place, log: Log, asked: AbortSignal): Promise<void> {
  const server = new PostgresServer(place, { independent: true });
  const bell = new Bell();
  asked.addEventListener('abort', () => bell.ring());
  let patientUntil = 0;
  // Before the keeper's lock is taken: nobody counts as a user without a keeper, so nobody's coming and going is missed.
  const prepare = async (client: Client): Promise<void> => {
    patientUntil = Date.now() + GRACE_MS;
    client.once('end', () => bell.ring());
    await listenToUsers(client, () => {
      patientUntil = 0;
      bell.ring();
    });
  };

  let guard = await takeCharge(server, log, prepare);
  while (guard) {
    await bell.wait(POLL_MS);
    try {
      if (asked.aborted) return await stop(server, log, 'asked to stop');
      if (await isHeldByOther(guard, USERS)) patientUntil = 0;
      else if (Date.now() > patientUntil && (await tryLock(guard, USERS)))
        return await stop(server, log, 'nobody uses the database any more');
    } catch (error) {
      // Without its locks the server says nothing about who uses it: everybody gets the time to come back.
      log(`lost the server: ${String(error)}`);
      guard = await takeCharge(server, log, prepare);
    }
  }
}

/** A connection that holds the keeper's lock, to a server that runs; undefined if another keeper has it. */
async function takeCharge(
  server: PostgresServer,
  log: Log,
  prepare: (client: Client) => Promise<void>,
): Promise<Client | undefined> {
  const deadline = Date.now() + TAKE_CHARGE_LIMIT_MS;
  for (;;) {
    try {
      if (!(await server.adopt())) await server.start();
      const client = await server.connect();
      await prepare(client);
      if (await tryLock(client, KEEPER)) {
        log(`takes charge of the server with the number ${server.pid}`);
        return client;
      }
      await client.end();
      return undefined;
    } catch (error) {
      // Somebody else was faster, or the server still recovers: there is a server to wait for.
      if (Date.now() > deadline || !(await readPostmaster(server.place.data))) throw error;
      await sleep(100);
    }
  }
}

async function stop(server: PostgresServer, log: Log, why: string): Promise<void> {
  log(`stops the server: ${why}`);
  await server.stop('fast');
}
