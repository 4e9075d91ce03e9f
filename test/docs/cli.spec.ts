import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createApplication, type TestApplication } from '../support/application.js';
import { celeriac } from '../support/cli.js';
import { createDatabase, type TestDatabase } from '../support/database.js';
import { codeBlocks, runProgram } from '../support/doc-code.js';
import { WorkerFleet } from '../support/worker-fleet.js';

describe('docs/cli.md', () => {
  let database: TestDatabase;
  let application: TestApplication;
  let fleet: WorkerFleet;
  const examples: string[] = [];

  beforeAll(async () => {
    database = await createDatabase();
    application = await createApplication(database.url, {}, { allowUnknownTasks: true });
    fleet = new WorkerFleet(database.sql, { url: database.url, concurrency: 4 });
    for (const block of await codeBlocks('cli.md', 'example'))
      examples.push(...block.split('\n').filter((line) => line.startsWith('celeriac ')));
  });
  afterAll(async () => {
    await fleet.terminate();
    await application.close();
    await database.drop();
  });

  it('has examples that all run and exit with 0', async () => {
    const [, spare] = await fleet.startMany(2);
    const submit = async (name: string, args: unknown[], options = {}) =>
      (await application.tasks.submit(name, args, options)).id;
    const failed = await submit('demo.fail', ['x']);
    await application.tasks.waitFor(failed, 20_000);
    const words: Record<string, string> = {
      ID: await submit('demo.echo', [1]),
      FAILED: failed,
      DELAYED: await submit('demo.echo', [1], { countdown: '1h' }),
      DELAYED2: await submit('demo.echo', [1], { countdown: '1h' }),
      SPARE: String(spare!.pid),
    };
    for (const example of examples) {
      const line = example.replaceAll(/\$(\w+)/g, (_, name: string) => words[name]!);
      const args = [...line.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, bare]) => quoted ?? bare!).slice(1);
      const { code, err } = await celeriac([...args, '--database-url', database.url]);
      expect([example, code, err.startsWith('error')]).toEqual([example, 0, false]);
    }
  });

  it('has a program that runs a command', async () => {
    const [program] = await codeBlocks('cli.md', 'program');
    expect(JSON.parse(await runProgram(program!, { DATABASE_URL: database.url }))).toEqual({
      purged: { default: 0 },
    });
  });

  it('has an example of every command', async () => {
    const names = async (...path: string[]) => {
      const { out } = await celeriac([...path, '--help']);
      const listed = [...out.matchAll(/^ {2}([a-z_]+)(?:\|\S+)?(?: \[| <| {2})/gm)].map(([, name]) => name!);
      return listed.filter((name) => !['celeriac'].includes(name));
    };
    for (const path of [[], ['inspect'], ['control'], ['list'], ['schedule']])
      for (const name of await names(...path)) {
        // run by tests of their own, or refused by the async pool
        if (['worker', 'init', 'pool_restart', 'inspect', 'control', 'list', 'schedule'].includes(name))
          continue;
        const beginning = ['celeriac', ...path, name].join(' ');
        expect([beginning, examples.some((example) => `${example} `.startsWith(`${beginning} `))]).toEqual([
          beginning,
          true,
        ]);
      }
  });
});
