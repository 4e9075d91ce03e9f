import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { fileURLToPath } from 'node:url';
import { createApplication, type TestApplication } from '../support/application.js';
import { createDatabase, type TestDatabase } from '../support/database.js';
import { NodeProcess } from '../support/node-process.js';
import { until } from '../support/until.js';

describe("the application's worker, as `npm run start:worker` starts it", () => {
  let database: TestDatabase;
  let application: TestApplication;
  beforeAll(async () => {
    database = await createDatabase();
    application = await createApplication(database.url, {}, { allowUnknownTasks: true });
  });
  afterAll(async () => {
    await application.close();
    await database.drop();
  });

  it('is prefork by its environment: its children and isolates find the file, which is named without its ending', async () => {
    const entry = fileURLToPath(new URL('../../dist/worker', import.meta.url));
    const worker = new NodeProcess(entry, [], {
      DATABASE_URL: database.url,
      POOL: 'prefork',
      CONCURRENCY: '1',
      NODE_OPTIONS: '--enable-source-maps',
    });
    try {
      for (const name of ['demo.hash', 'demo.hashInProcess', 'demo.hashInThread'])
        expect(
          await (
            await application.tasks.submit(name, [100])
          )
            .get({ timeout: '120s' })
            .catch((error: Error) => {
              throw new Error(`${error.message}\n${worker.lastWords}`);
            }),
        ).toMatch(/^[0-9a-f]{64}$/);
      const { rows } = await database.sql.query<{ pid: number; supervisor: number | null }>(
        `SELECT (info->>'pid')::int AS pid, (info->>'supervisor')::int AS supervisor FROM celeriac.worker ORDER BY 2`,
      );
      expect(rows).toEqual([
        { pid: expect.any(Number), supervisor: worker.pid },
        { pid: worker.pid, supervisor: null },
      ]);
      expect(await worker.terminate()).toMatchObject({ code: 0, signal: null });
      await until('nothing of it is left', async () => {
        const left = await database.sql.query(`SELECT FROM celeriac.worker WHERE dead_at IS NULL`);
        return left.rowCount === 0;
      });
    } finally {
      await worker.kill();
    }
  });
});
