import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { mkdir, mkdtemp, readdir, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { composeReport } from '#dist/jobs/batch/batch.report.js';
import { BatchRunner } from '#dist/jobs/batch/batch.runner.js';
import { BatchSettings } from '#dist/jobs/batch/batch.options.js';
import type { BatchInput, BatchReport, FileReport } from '#dist/jobs/batch/batch.types.js';
import { UploadsStore } from '#dist/jobs/batch/uploads.store.js';
import type { TaskService } from '#dist/tasks/index.js';

let root: string;
let settings: BatchSettings;
let uploads: UploadsStore;
/** What `list()` gives, page after page, of batches that have not ended. */
let pages: { createdAt: string }[][];

beforeEach(async () => {
  Logger.overrideLogger(false);
  root = await mkdtemp(join(tmpdir(), 'batch-runner-'));
  settings = new BatchSettings({ folder: join(root, 'in'), uploads: join(root, 'up') });
  pages = [[]];
  const tasks = {
    list: async () => ({ items: pages.shift(), nextCursor: pages.length > 0 ? 'more' : null }),
  };
  uploads = new UploadsStore(settings, tasks as unknown as TaskService);
  await uploads.onModuleInit();
});

afterEach(() => rm(root, { recursive: true }));

interface Seen {
  report: BatchReport;
  progress: [current: number, total: number | undefined, message: string | undefined, detail: unknown][];
}

async function run(input: BatchInput, signal = new AbortController().signal): Promise<Seen> {
  const progress: Seen['progress'] = [];
  const report = await new BatchRunner(settings, uploads).run(input, {
    signal,
    progress: (...given) => {
      progress.push([given[0], given[1], given[2], given[3]]);
      return Promise.resolve();
    },
  });
  return { report, progress };
}

const put = (name: string, contents: string | Buffer) => writeFile(join(root, 'in', name), contents);

describe('a batch', () => {
  it('reports on each file in the order of the request, with totals', async () => {
    await put('a.txt', 'one two\ntwo\n');
    await put('b.csv', 'x,y\n1,2\n3\n');
    const { report } = await run({ paths: ['b.csv', 'a.txt'], topWords: 1 });
    expect(report.files.map((file) => [file.name, file.ok])).toEqual([
      ['b.csv', true],
      ['a.txt', true],
    ]);
    expect(report.files[1]).toMatchObject({
      size: 12,
      type: 'text/plain',
      text: { lines: 2, words: 3, topWords: [{ word: 'two', count: 2 }] },
    });
    expect(report.totals).toEqual({
      files: 2,
      ok: 2,
      failed: 0,
      bytes: 22,
      lines: 5,
      words: 8,
      rows: 2,
      badRows: 1,
    });
  });

  it('goes on after every kind of bad file, and says what is wrong without the paths of the machine', async () => {
    await put('good.txt', 'fine');
    await mkdir(join(root, 'in', 'sub'));
    await symlink('/etc/hostname', join(root, 'in', 'out'));
    await symlink('loop', join(root, 'in', 'loop'));
    const bad = ['gone.txt', 'good.txt/x', 'sub', 'out', 'loop', '../up', '/etc/hostname', 'x'.repeat(500)];
    const { report } = await run({ paths: [...bad, 'good.txt'] });
    expect(report.files.map((file) => (file.ok ? 'ok' : file.error.code))).toEqual([
      'FILE_NOT_FOUND',
      'FILE_NOT_FOUND',
      'NOT_A_FILE',
      'OUTSIDE_FOLDER',
      'NOT_A_FILE',
      'INVALID_PATH',
      'INVALID_PATH',
      'INVALID_PATH',
      'ok',
    ]);
    expect(report.totals).toMatchObject({ files: 9, ok: 1, failed: 8 });
    const messages = report.files.map((file) => (file.ok ? '' : file.error.message)).join();
    expect(messages).not.toContain(root);
  });

  it('gives the same report again when it is retried', async () => {
    await put('a.csv', 'x,y\n1,2\n3\n"');
    const [first, second] = [
      await run({ paths: ['a.csv', 'gone'] }),
      await run({ paths: ['a.csv', 'gone'] }),
    ];
    const withoutTimes = ({ report }: Seen) => JSON.stringify(report).replace(/"durationMs":\d+/g, '');
    expect(withoutTimes(first)).toBe(withoutTimes(second));
  });

  it('reports its progress in files and bytes at the end of each file', async () => {
    await put('a.txt', '12345');
    await put('b.txt', '123');
    const { progress } = await run({ paths: ['a.txt', 'gone', 'b.txt'] });
    expect(progress).toEqual([
      [1, 3, 'a.txt', { bytesDone: 5, bytesTotal: 8, file: 'a.txt' }],
      [2, 3, 'gone', { bytesDone: 5, bytesTotal: 8, file: 'gone' }],
      [3, 3, 'b.txt', { bytesDone: 8, bytesTotal: 8, file: 'b.txt' }],
    ]);
  });

  it('ends with the reason of its signal, not with a report of failed files', async () => {
    await put('a.txt', 'x'.repeat(1_000_000));
    await expect(run({ paths: ['a.txt'] }, AbortSignal.abort(new Error('revoked')))).rejects.toThrow(
      'revoked',
    );
  });

  it('reads uploads by their ids only', async () => {
    const id = uploads.newId();
    await writeFile(join(root, 'up', id), 'a,b\n1,2\n');
    await writeFile(join(root, 'up', 'other'), 'x');
    const { report } = await run({
      uploads: [
        { id, name: 'täble.csv' },
        { id: 'other', name: 'other' },
        { id: '../in', name: 'up' },
      ],
    });
    expect(report.files[0]).toMatchObject({
      name: 'täble.csv',
      ok: true,
      type: 'text/csv',
      csv: { rows: 1 },
    });
    expect(report.files.slice(1).map((file) => file.ok)).toEqual([false, false]);
  });
});

describe('a report that would be too large', () => {
  it('lists less for each file and says so; its counts stay exact', () => {
    const file: FileReport = {
      name: 'a.csv',
      ok: true,
      size: 1,
      sha256: '',
      type: 'text/csv',
      durationMs: 1,
      csv: {
        delimiter: ',',
        columnCount: 2,
        columns: ['a', 'b'],
        rows: 500,
        badRowCount: 500,
        badRows: Array.from({ length: 100 }, (_, line) => ({
          line,
          code: 'WRONG_COLUMN_COUNT',
          message: 'x',
        })),
      },
    };
    const files = Array.from({ length: 100 }, () => file);
    const report = composeReport(files, 1, 100_000);
    expect(JSON.stringify(report).length).toBeLessThanOrEqual(100_000);
    expect(report.listedAtMost).toBe(10);
    expect(report.totals.badRows).toBe(50_000);
    expect(composeReport(files.slice(0, 1), 1, 100_000).listedAtMost).toBeUndefined();
  });
});

describe('uploads', () => {
  it('that no task has used for a week are deleted at the start, and nothing else is', async () => {
    const [old, fresh] = [uploads.newId(), uploads.newId()];
    for (const name of [old, fresh, 'not-ours']) await writeFile(join(root, 'up', name), '');
    const past = new Date(Date.now() - 8 * 86_400_000);
    for (const name of [old, 'not-ours']) await utimes(join(root, 'up', name), past, past);
    await uploads.onApplicationBootstrap();
    expect((await readdir(join(root, 'up'))).sort()).toEqual([fresh, 'not-ours'].sort());
  });

  it('are kept, however old, while a batch waits that was submitted after them', async () => {
    const daysAgo = (days: number) => new Date(Date.now() - days * 86_400_000);
    const [older, its, younger] = [uploads.newId(), uploads.newId(), uploads.newId()];
    for (const [name, days] of [
      [older, 12],
      [its, 10.5],
      [younger, 8],
    ] as const) {
      await writeFile(join(root, 'up', name), '');
      await utimes(join(root, 'up', name), daysAgo(days), daysAgo(days));
    }
    pages = [[], [{ createdAt: daysAgo(10).toISOString() }]];
    await uploads.onApplicationBootstrap();
    expect((await readdir(join(root, 'up'))).sort()).toEqual([its, younger].sort());
  });

  it('are discarded by their ids only, and twice without an error', async () => {
    const id = uploads.newId();
    await writeFile(join(root, 'up', id), '');
    await put('kept.txt', '');
    await uploads.discard([id, id, '../in/kept.txt']);
    expect(await readdir(join(root, 'up'))).toEqual([]);
    expect(await readdir(join(root, 'in'))).toEqual(['kept.txt']);
  });
});

it('options out of range are refused with what was expected', () => {
  expect(() => new BatchSettings({ maxFiles: 0 })).toThrow(
    'maxFiles: expected a whole number of 1 or more, got 0',
  );
});
