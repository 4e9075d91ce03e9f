import { execFile } from 'node:child_process';
import { symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createDatabase, type TestDatabase } from '../support/database.js';
import { createHttpApplication, type HttpApplication } from '../support/http-application.js';
import { documentOf } from '../support/openapi.js';
import { createScratchFolder, type ScratchFolder } from '../support/scratch-folder.js';
import { InputTasks } from './bad-requests.js';

const run = promisify(execFile);
const project = fileURLToPath(new URL('../..', import.meta.url));
const bin = (path: string) => join(project, 'node_modules', path);

/** What a user of the API writes: submits, waits, lists, and handles an error. */
const PROGRAM = `
import createClient from 'openapi-fetch';
import type { paths } from './api.js';

const client = createClient<paths>({ baseUrl: process.argv[2]!, headers: { authorization: \`Bearer \${process.argv[3]}\` } });

const submitted = await client.POST('/tasks/{name}', {
  params: { path: { name: 'input.add' }, header: { 'Idempotency-Key': 'order-17' } },
  body: { args: [20, 22], options: { priority: 9, tags: { shop: 'a' }, timeLimit: '1m', headers: { tenant: 'a' } } },
});
if (!submitted.data) throw new Error(submitted.error.message);
const { id, state }: { id: string; state: 'WAITING' | 'PENDING' | 'STARTED' | 'RETRY' | 'SUCCESS' | 'FAILURE' | 'REVOKED' } = submitted.data;

const ended = await client.GET('/tasks/{id}', { params: { path: { id }, query: { wait: '20s' } } });
const page = await client.GET('/tasks', { params: { query: { name: 'input.*', limit: 1 } } });
const next: string | null | undefined = page.data?.nextCursor;
const bulk = await client.POST('/tasks/bulk', { body: { tasks: [{ name: 'input.add', args: [1, 1] }] } });
const ids: string[] | undefined = bulk.data?.ids;
const refused = await client.POST('/tasks/{name}', { params: { path: { name: 'input.add' } }, body: { args: [1] } });
const error: { statusCode: number; code: string; path?: string } | undefined = refused.error;
const unique = await client.POST('/tasks/{name}', {
  params: { path: { name: 'input.add' }, header: { 'x-correlation-id': 'c-1' } },
  body: { args: [2, 2], options: { countdown: '1h', unique: { until: 'finished', onConflict: 'refuse' } } },
});
const registered = await client.GET('/tasks/registered');
const required: boolean | undefined = registered.data?.items[0]?.args[0]?.required;
const revoked = await client.POST('/tasks/revoke', { body: { ids: [unique.data?.id ?? ''] } });
const over: number | undefined = revoked.data?.ended;
const queues = await client.GET('/tasks/queues');
const depth: number | undefined = queues.data?.items[0]?.depth;

console.log(JSON.stringify({
  state, result: ended.data?.result, attempt: ended.data?.attempt, next: typeof next, ids: ids?.length,
  error: error && [error.statusCode, error.code, error.path], depth: typeof depth,
  correlation: unique.data?.headers['correlationId'], required, over,
}));
`;

/** Each must not compile. */
const MISTAKES = `
import createClient from 'openapi-fetch';
import type { paths } from './api.js';
const client = createClient<paths>({ baseUrl: '' });
// @ts-expect-error no such route
await client.GET('/tasks/{id}/nothing', {});
// @ts-expect-error an id is needed
await client.GET('/tasks/{id}', {});
// @ts-expect-error arguments are an array
await client.POST('/tasks/{name}', { params: { path: { name: 'a' } }, body: { args: 5 } });
const { data } = await client.GET('/tasks/{id}', { params: { path: { id: '' } } });
// @ts-expect-error no such state
export const done = data?.state === 'DONE';
// @ts-expect-error no such property
export const nothing = data?.nothing;
`;

describe('a client generated from the OpenAPI document', () => {
  let folder: ScratchFolder;
  let database: TestDatabase;
  let http: HttpApplication;

  beforeAll(async () => {
    folder = await createScratchFolder('client');
    database = await createDatabase();
    http = await createHttpApplication(
      'express',
      database.url,
      { providers: [InputTasks] },
      { http: { keys: [{ role: 'admin', owner: 'shop', key: '0123456789abcdef' }] } },
    );
    await http.worker.start();
    await symlink(join(project, 'node_modules'), join(folder.path, 'node_modules'));
    await writeFile(join(folder.path, 'openapi.json'), JSON.stringify(documentOf(http.app)));
    await writeFile(join(folder.path, 'package.json'), '{"type":"module"}');
    await writeFile(join(folder.path, 'program.ts'), PROGRAM);
    await writeFile(join(folder.path, 'mistakes.ts'), MISTAKES);
  });
  afterAll(async () => {
    await http.close();
    await database.drop();
    await folder.remove();
  });

  it('compiles, finds wrong uses, and works', async () => {
    const { path: cwd } = folder;
    await run(process.execPath, [bin('openapi-typescript/bin/cli.js'), 'openapi.json', '-o', 'api.ts'], {
      cwd,
    });
    const options = [
      '--strict',
      '--module',
      'nodenext',
      '--target',
      'es2023',
      '--types',
      'node',
      '--skipLibCheck',
    ];
    await run(process.execPath, [bin('typescript/bin/tsc'), ...options, 'program.ts', 'mistakes.ts'], {
      cwd,
    }).catch((error: { stdout: string }) => {
      throw new Error(error.stdout);
    });
    const { stdout } = await run(process.execPath, ['program.js', http.url, '0123456789abcdef'], { cwd });
    expect(JSON.parse(stdout)).toEqual({
      // with a key the record is read when it was stored
      state: expect.stringMatching(/^(PENDING|STARTED|SUCCESS)$/),
      result: 42,
      attempt: 1,
      next: 'string',
      ids: 1,
      error: [400, 'ARG_REQUIRED', 'args[1]'],
      depth: 'number',
      correlation: 'c-1',
      required: true,
      over: 1,
    });
  });
});
