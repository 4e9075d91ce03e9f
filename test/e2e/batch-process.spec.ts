import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createHash } from 'node:crypto';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { BatchReport } from '#dist/jobs/batch/batch.types.js';
import { ApplicationProcess } from '../support/application-process.js';
import { createDatabase, type TestDatabase } from '../support/database.js';
import { HttpClient } from '../support/http-client.js';
import { createScratchFolder, type ScratchFolder } from '../support/scratch-folder.js';
import { until } from '../support/until.js';

interface Status {
  task_id: string;
  state: string;
  progress: { current: number; total: number; percent: number; message: string; detail: unknown } | null;
  result: BatchReport | null;
  error: unknown;
}

const TEXT = 'To be, or not to be:\nthat is the question\n';
const CSV = 'id;name\n1;Ann\n2;Bob;too;many\n3\n4;"Dan"\n5;Eve\n';
const BINARY = Buffer.from([0x89, 0, 1, 2, 0xff, 0xfe, 0, 0x0a, 0xc3, 0x28]);

describe('the batch task of the running application', () => {
  let folder: ScratchFolder;
  let database: TestDatabase;
  let application: ApplicationProcess;
  let client: HttpClient;

  beforeAll(async () => {
    folder = await createScratchFolder('batch-process');
    database = await createDatabase();
    await mkdir(join(folder.path, 'in'));
    application = new ApplicationProcess('main', {
      cwd: folder.path,
      environment: {
        DATABASE_URL: database.url,
        WORKER: 'inline',
        BATCH_FOLDER: 'in',
        UPLOADS_FOLDER: 'uploads',
      },
    });
    client = new HttpClient(await application.url());
  });
  afterAll(async () => {
    await application.terminate();
    await database.drop();
    await folder.remove();
  });

  const sha256 = (contents: string | Uint8Array) => createHash('sha256').update(contents).digest('hex');

  async function submit(body: unknown): Promise<string> {
    const { status, body: answer } = await client.post<{ task_id: string }>('/batch-process', body);
    expect({ status, keys: Object.keys(answer) }).toEqual({ status: 202, keys: ['task_id'] });
    return answer.task_id;
  }

  const statusOf = async (id: string) => (await client.get<Status>(`/task-status/${id}`)).body;

  /** All that the status said, each answer once, until the end. */
  async function follow(id: string): Promise<[last: Status, seen: Status[]]> {
    const seen: Status[] = [];
    const last = await until(
      'the batch has ended',
      async () => {
        const status = await statusOf(id);
        if (JSON.stringify(status) !== JSON.stringify(seen.at(-1))) seen.push(status);
        return ['SUCCESS', 'FAILURE', 'REVOKED'].includes(status.state) ? status : undefined;
      },
      40_000,
    );
    return [last, seen];
  }

  it('reports on every uploaded file, whatever is in it, and then deletes what was uploaded', async () => {
    const form = new FormData();
    form.append('files', new Blob([TEXT]), 'hamlet.txt');
    form.append('files', new Blob([CSV]), 'people.csv');
    form.append('files', new Blob([BINARY]), 'data.bin');
    form.append('files', new Blob([]), 'empty.txt');
    form.append('topWords', '2');
    const id = await submit(form);
    const [{ result, ...status }] = await follow(id);
    expect(status).toMatchObject({
      task_id: id,
      state: 'SUCCESS',
      error: null,
      progress: { current: 4, total: 4, percent: 100 },
    });
    const [text, csv, binary, empty] = result!.files;
    expect(text).toMatchObject({
      name: 'hamlet.txt',
      ok: true,
      size: TEXT.length,
      sha256: sha256(TEXT),
      type: 'text/plain',
      text: {
        encoding: 'utf-8',
        lines: 2,
        words: 10,
        topWords: [
          { word: 'be', count: 2 },
          { word: 'to', count: 2 },
        ],
      },
    });
    expect(csv).toMatchObject({
      name: 'people.csv',
      ok: true,
      type: 'text/csv',
      csv: {
        delimiter: ';',
        columns: ['id', 'name'],
        rows: 5,
        badRowCount: 2,
        badRows: [
          { line: 3, code: 'WRONG_COLUMN_COUNT' },
          { line: 4, code: 'WRONG_COLUMN_COUNT' },
        ],
      },
    });
    expect(binary).toMatchObject({
      name: 'data.bin',
      ok: true,
      type: 'application/octet-stream',
      sha256: sha256(BINARY),
    });
    expect(binary).not.toHaveProperty('text');
    expect(empty).toMatchObject({ name: 'empty.txt', ok: true, size: 0, sha256: sha256('') });
    expect(result!.totals).toMatchObject({ files: 4, ok: 4, failed: 0, rows: 5, badRows: 2 });
    await until(
      'the uploads are deleted',
      async () => (await readdir(join(folder.path, 'uploads'))).length === 0,
    );
  });

  it('reports on files named by their paths, and says which one does not exist', async () => {
    await mkdir(join(folder.path, 'in/sub'));
    await writeFile(join(folder.path, 'in/sub/hamlet.txt'), TEXT);
    const [{ state, result }] = await follow(await submit({ paths: ['gone.txt', 'sub/hamlet.txt'] }));
    expect(state).toBe('SUCCESS');
    expect(result).toMatchObject({
      files: [
        { name: 'gone.txt', ok: false, error: { code: 'FILE_NOT_FOUND' } },
        { name: 'sub/hamlet.txt', ok: true, sha256: sha256(TEXT) },
      ],
      totals: { files: 2, ok: 1, failed: 1 },
    });
    expect(JSON.stringify(result)).not.toContain(folder.path);
  });

  it('shows how far it is while it runs', async () => {
    const names = ['a.txt', 'b.txt', 'c.txt', 'd.txt'];
    const large = TEXT.repeat(600_000);
    for (const name of names) await writeFile(join(folder.path, 'in', name), large);
    const [last, seen] = await follow(await submit({ paths: names }));
    expect(last).toMatchObject({ state: 'SUCCESS', result: { totals: { bytes: 4 * large.length } } });

    const under = seen.filter((status) => status.state === 'STARTED' && status.progress !== null);
    expect(under.length).toBeGreaterThanOrEqual(2);
    const steps = under.map(({ progress }) => progress!.current);
    expect(steps).toEqual(steps.toSorted((a, b) => a - b));
    for (const { progress, result } of under) {
      expect(result).toBeNull();
      expect(progress).toMatchObject({
        total: 4,
        percent: (progress!.current / 4) * 100,
        detail: { bytesTotal: 4 * large.length },
      });
    }
  });

  it('answers a request without files with what was expected, and takes nothing', async () => {
    const before = await database.sql.query('SELECT 1 FROM celeriac.task_done');
    for (const [body, code] of [
      [new FormData(), 'NO_FILES'],
      [{ paths: [] }, 'NO_FILES'],
      [{ paths: ['../x'] }, 'INVALID_PATH'],
    ] as const) {
      const { status, body: error } = await client.post('/batch-process', body);
      expect({ status, ...error }).toMatchObject({ status: 400, statusCode: 400, code });
    }
    const after = await database.sql.query('SELECT 1 FROM celeriac.task_done');
    expect(after.rowCount).toBe(before.rowCount);
  });
});
