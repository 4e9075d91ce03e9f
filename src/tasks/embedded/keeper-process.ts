import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { childEnvironment } from './child-environment.js';
import { EmbeddedPostgresError } from './errors.js';
import type { Place } from './place.js';
import { logSince, logSize, openLog } from './server-log.js';

/** A keeper that this process started. */
export interface KeeperProcess {
  /** False when it ended, because another one is in charge or because it failed. */
  readonly running: boolean;
  /** @throws EmbeddedPostgresError with what it wrote, if it failed */
  assertNotFailed(): Promise<void>;
}

export async function startKeeper(place: Place): Promise<KeeperProcess> {
  const before = await logSize(place);
  const log = await openLog(place);
  const child = spawn(
    process.execPath,
    [fileURLToPath(new URL('./keeper.js', import.meta.url)), JSON.stringify(place)],
    {
      cwd: place.home,
      env: childEnvironment(),
      stdio: ['ignore', log.fd, log.fd],
      // A process group of its own: Ctrl+C in the terminal of the application is not meant for the database.
      detached: true,
      windowsHide: true,
    },
  );
  await log.close();
  child.unref();
  let failure: string | undefined;
  child.once('error', (error) => (failure = error.message));

  return {
    get running() {
      return failure === undefined && child.exitCode === null && child.signalCode === null;
    },
    async assertNotFailed() {
      if (failure === undefined && !child.exitCode) return;
      const said = failure ?? (await logSince(place, before));
      throw new EmbeddedPostgresError(
        `the embedded Postgres did not start; ${place.log} ends with:\n${said}`,
      );
    },
  };
}
