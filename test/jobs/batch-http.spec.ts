import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Global, type INestApplication, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BatchModule } from '#dist/jobs/batch/batch.module.js';
import type { BatchInput } from '#dist/jobs/batch/batch.types.js';
import { TasksAccess } from '#dist/tasks/http/index.js';
import {
  StoreUnavailableError,
  SubmissionUncertainError,
  TaskNotFoundError,
  TaskService,
} from '#dist/tasks/index.js';

const ID = '0198a2b4-5f1e-7c3a-9d2e-3b1f0a6c7d8e';
const KNOWN = { id: ID, state: 'SUCCESS', progress: null, result: { files: [] }, error: null };

/** Notes what is submitted instead of running it; the whole way is walked by the tests of the running application. */
const submitted: BatchInput[] = [];
let submissionError: Error | undefined;
const standIn = {
  of: () => ({
    process: {
      applyAsync([input]: [BatchInput]) {
        if (submissionError) return Promise.reject(submissionError);
        submitted.push(input);
        return Promise.resolve({ id: ID });
      },
    },
  }),
  record: (id: string) => (id === ID ? Promise.resolve(KNOWN) : Promise.reject(new TaskNotFoundError(id))),
};

@Global()
@Module({
  providers: [
    { provide: TaskService, useValue: standIn },
    { provide: TasksAccess, useValue: new TasksAccess({ anonymous: true }) },
  ],
  exports: [TaskService, TasksAccess],
})
class StandInModule {}

let root: string;
let app: INestApplication;
let port: number;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'batch-http-'));
  const options = {
    folder: join(root, 'in'),
    uploads: join(root, 'up'),
    maxUploadBytes: 1_000_000,
    maxFiles: 3,
  };
  const module = { module: class {}, imports: [StandInModule, BatchModule.forRoot(options)] };
  app = await NestFactory.create(module, { logger: false });
  await app.listen(0, '127.0.0.1');
  port = (app.getHttpServer().address() as AddressInfo).port;
  await writeFile(join(root, 'in', 'a.txt'), 'hello');
});

afterAll(async () => {
  await app.close();
  await rm(root, { recursive: true });
});

beforeEach(async () => {
  submitted.length = 0;
  submissionError = undefined;
  for (const name of await storedUploads()) await rm(join(root, 'up', name));
});

const storedUploads = () => readdir(join(root, 'up'));

async function post(
  body: string | FormData,
  headers?: Record<string, string>,
): Promise<{ status: number; body: unknown }> {
  const response = await fetch(`http://127.0.0.1:${port}/batch-process`, {
    method: 'POST',
    body,
    ...(headers && { headers }),
  });
  return { status: response.status, body: await response.json() };
}

const postJson = (body: unknown) => post(JSON.stringify(body), { 'content-type': 'application/json' });

function form(
  ...files: [name: string, contents: string | Uint8Array<ArrayBuffer>, field?: string][]
): FormData {
  const data = new FormData();
  for (const [name, contents, field = 'files'] of files) data.append(field, new Blob([contents]), name);
  return data;
}

describe('POST /batch-process with paths', () => {
  it('is accepted with the id of the task', async () => {
    expect(await postJson({ paths: ['a.txt', 'gone.txt'], topWords: 3 })).toEqual({
      status: 202,
      body: { task_id: ID },
    });
    expect(submitted).toEqual([{ paths: ['a.txt', 'gone.txt'], topWords: 3 }]);
  });

  it('is refused with what was expected and where', async () => {
    const { status, body } = await postJson({ paths: ['a.txt', '/etc/passwd'] });
    expect(status).toBe(400);
    expect(body).toEqual({
      statusCode: 400,
      code: 'INVALID_PATH',
      message: 'expected a path relative to the configured folder, got an absolute one',
      path: 'paths[1]',
    });
    expect(submitted).toEqual([]);
  });

  it('is refused with what was expected when its body is empty', async () => {
    expect(await post('', { 'content-type': 'application/json' })).toMatchObject({
      status: 400,
      body: { code: 'INVALID_PATHS', path: 'paths' },
    });
  });

  it('is refused when it is neither JSON nor a form', async () => {
    expect(await post('a.txt', { 'content-type': 'text/plain' })).toMatchObject({
      status: 415,
      body: { code: 'UNSUPPORTED_MEDIA_TYPE' },
    });
  });
});

describe('POST /batch-process with files', () => {
  it('stores them under names of their own, and submits the names they were sent with', async () => {
    const picture = Uint8Array.from({ length: 300_000 }, (_, i) => i % 251);
    const data = form(['../größe.txt', 'hello'], ['b.png', picture]);
    data.append('topWords', '4');
    expect(await post(data)).toEqual({ status: 202, body: { task_id: ID } });
    const { uploads = [], topWords } = submitted[0]!;
    expect(topWords).toBe(4);
    expect(uploads.map((upload) => upload.name)).toEqual(['größe.txt', 'b.png']);
    expect((await storedUploads()).sort()).toEqual(uploads.map((upload) => upload.id).sort());
    expect(await readFile(join(root, 'up', uploads[0]!.id), 'utf8')).toBe('hello');
    const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
    expect(sha256(await readFile(join(root, 'up', uploads[1]!.id)))).toBe(sha256(picture));
  });

  it('replaces what no database takes in the names', async () => {
    await post(form(['a\nb', 'hi']));
    expect(submitted[0]?.uploads?.[0]?.name).toBe('a\uFFFDb');
  });

  it.each([
    ['no file', form(), 400, 'NO_FILES'],
    ['a file in another field', form(['a', 'x'], ['b', 'x', 'other']), 400, 'UNKNOWN_PROPERTY'],
    ['too many files', form(['a', 'x'], ['b', 'x'], ['c', 'x'], ['d', 'x']), 413, 'TOO_MANY_FILES'],
    ['too many bytes', form(['a', 'x'.repeat(1_000_001)]), 413, 'UPLOAD_TOO_LARGE'],
    [
      'too many bytes together',
      form(['a', 'x'.repeat(600_000)], ['b', 'x'.repeat(600_000)]),
      413,
      'UPLOAD_TOO_LARGE',
    ],
    ['another field', withField(form(['a', 'x']), 'paths', 'a.txt'), 400, 'UNKNOWN_PROPERTY'],
    [
      'a number of words that is none',
      withField(form(['a', 'x']), 'topWords', 'ten'),
      400,
      'INVALID_TOP_WORDS',
    ],
  ])('%s is refused, and no file is left', async (_what, data, status, code) => {
    expect(await post(data)).toMatchObject({
      status,
      body: { statusCode: status, code, message: expect.any(String) },
    });
    expect(await storedUploads()).toEqual([]);
    expect(submitted).toEqual([]);
  });

  it('a form that is cut off is refused, and no file is left', async () => {
    const raw = multipart('--x\r\nContent-Disposition: form-data; name="files"; filename="a"\r\n\r\nhi');
    expect(await post(raw.body, raw.headers)).toMatchObject({
      status: 400,
      body: { code: 'INVALID_MULTIPART' },
    });
    expect(await storedUploads()).toEqual([]);
  });

  it('more bytes than allowed are refused also when the request does not say its length', async () => {
    const part = (name: string): string =>
      `--x\r\nContent-Disposition: form-data; name="files"; filename="${name}"\r\n\r\n${'y'.repeat(600_000)}\r\n`;
    const { status, body } = await new Promise<{ status: number | undefined; body: string }>(
      (resolve, reject) => {
        const headers = { 'content-type': 'multipart/form-data; boundary=x' };
        const outgoing = request({ port, method: 'POST', path: '/batch-process', headers }, (response) => {
          let text = '';
          response.on('data', (piece: Buffer) => (text += piece.toString()));
          response.on('end', () => resolve({ status: response.statusCode, body: text }));
        });
        outgoing.on('error', reject);
        outgoing.write(part('a'));
        outgoing.end(`${part('b')}--x--\r\n`);
      },
    );
    expect([status, JSON.parse(body)]).toMatchObject([413, { code: 'UPLOAD_TOO_LARGE' }]);
    expect(await storedUploads()).toEqual([]);
  });

  it('an upload that its client breaks off leaves no file', async () => {
    const headers = { 'content-type': 'multipart/form-data; boundary=x', 'content-length': 500_000 };
    const outgoing = request({ port, method: 'POST', path: '/batch-process', headers });
    outgoing.on('error', () => undefined);
    outgoing.write(
      `--x\r\nContent-Disposition: form-data; name="files"; filename="a"\r\n\r\n${'y'.repeat(200_000)}`,
    );
    await until(async () => (await storedUploads()).length === 1);
    outgoing.destroy();
    await until(async () => (await storedUploads()).length === 0);
  });

  it('a submission that fails leaves no file; one that may have been accepted keeps them', async () => {
    submissionError = new StoreUnavailableError('down');
    expect((await post(form(['a', 'x']))).status).toBe(500);
    expect(await storedUploads()).toEqual([]);
    submissionError = new SubmissionUncertainError(ID);
    await post(form(['a', 'x']));
    expect(await storedUploads()).toHaveLength(1);
  });
});

describe('GET /task-status/:id', () => {
  const get = (id: string) =>
    fetch(`http://127.0.0.1:${port}/task-status/${id}`).then(async (r) => ({
      status: r.status,
      body: await r.json(),
    }));

  it('tells state, progress, result and error', async () => {
    const body = { task_id: ID, state: 'SUCCESS', progress: null, result: { files: [] }, error: null };
    expect(await get(ID)).toEqual({ status: 200, body });
    expect(await get(ID.toUpperCase())).toEqual({ status: 200, body });
  });

  it('answers 400 to what is no id, and 404 to one that no task has', async () => {
    for (const id of ['1', 'x'.repeat(300), `${ID}x`, '%00', "' or 1=1"])
      expect(await get(encodeURI(id))).toMatchObject({
        status: 400,
        body: { code: 'INVALID_ID', path: 'id' },
      });
    expect(await get(ID.replace('0', '1'))).toMatchObject({ status: 404, body: { code: 'TASK_NOT_FOUND' } });
  });
});

function withField(data: FormData, name: string, value: string): FormData {
  data.append(name, value);
  return data;
}

function multipart(body: string): { body: string; headers: Record<string, string> } {
  return { body, headers: { 'content-type': 'multipart/form-data; boundary=x' } };
}

async function until(condition: () => Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 5));
}
