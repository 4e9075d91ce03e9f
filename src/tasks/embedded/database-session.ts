import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from 'pg';
import { isHeldByOther, KEEPER, leave, USERS, type ServerAddress } from './connection.js';
import { joinDatabase, keepAlive } from './database-user.js';
import { startKeeper } from './keeper-process.js';
import type { Place } from './place.js';
import { readPostmaster } from './postmaster.js';

const CLOSE_LIMIT_MS = 5_000;
/** After a crash the keeper starts the server again at once; if it has not by then, it is gone too. */
const PATIENCE_MS = 1_000;
/** So that not all who miss it start a new one at the same moment. */
const PATIENCE_SPREAD_MS = 2_000;
const RETRY_MS = 5_000;

/** This process's use of the server, from the first join until close: it survives restarts of the server. */
export class DatabaseSession {
  #client: Client | undefined;
  #rejoining = false;
  /** The close is over: whatever comes back later is not kept. */
  #closed = false;
  #closing: Promise<void> | undefined;

  private constructor(
    private readonly place: Place,
    private readonly log: (line: string) => void,
    readonly address: ServerAddress,
    client: Client,
  ) {
    this.#hold(client);
  }

  static async open(place: Place, log: (line: string) => void): Promise<DatabaseSession> {
    const { client, ...address } = await joinDatabase(place, { patience: 0, ref: true });
    log(`uses the database in ${place.home}, port ${address.port}`);
    return new DatabaseSession(place, log, address, client);
  }

  async close(): Promise<void> {
    return (this.#closing ??= this.#leave());
  }

  #hold(client: Client): void {
    this.#client = client;
    keepAlive(client, false);
    client.once('end', () => {
      this.#client = undefined;
      if (!this.#closing) void this.#rejoin();
    });
  }

  async #rejoin(): Promise<void> {
    this.log('lost the database; waits for it to come back');
    this.#rejoining = true;
    while (!this.#closing) {
      try {
        const patience = PATIENCE_MS + Math.random() * PATIENCE_SPREAD_MS;
        const { client, port } = await joinDatabase(this.place, { patience, ref: false });
        if (this.#closed) return await client.end();
        this.#hold(client);
        this.#rejoining = false;
        if (port === this.address.port) this.log('the database is back');
        else
          this.log(
            `the database came back on port ${port} instead of ${this.address.port}: restart this process`,
          );
        return;
      } catch (error) {
        this.log(String(error));
        await sleep(RETRY_MS, undefined, { ref: false });
      }
    }
    this.#rejoining = false;
  }

  async #leave(): Promise<void> {
    const deadline = Date.now() + CLOSE_LIMIT_MS;
    // Half back after a crash: given up from outside, it would count as a user a little longer.
    while (this.#rejoining && Date.now() < deadline) await sleep(25);
    this.#closed = true;
    const client = this.#client;
    if (!client) return;
    keepAlive(client, true);
    try {
      const last = !(await isHeldByOther(client, USERS));
      if (last) await this.#ensureKeeper(client, deadline);
      await leave(client);
      await client.end();
      if (last) await this.#untilStopped(deadline);
    } catch {
      // The connection broke: then there is nothing left to give back.
    }
  }

  async #untilStopped(deadline: number): Promise<void> {
    while (Date.now() < deadline && (await readPostmaster(this.place.data))) await sleep(25);
  }

  /** If the keeper was killed, nobody would ever stop the server. */
  async #ensureKeeper(client: Client, deadline: number): Promise<void> {
    if (await isHeldByOther(client, KEEPER)) return;
    await startKeeper(this.place);
    while (Date.now() < deadline && !(await isHeldByOther(client, KEEPER))) await sleep(25);
  }
}
