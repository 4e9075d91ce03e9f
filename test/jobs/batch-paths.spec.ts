import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openBelow, pathMistake } from '#dist/jobs/batch/batch.paths.js';
import { readPathsRequest, readUploadFields } from '#dist/jobs/batch/batch.request.js';

let root: string;
let folder: string;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'batch-paths-'));
  folder = join(root, 'allowed');
  await mkdir(join(folder, 'sub'), { recursive: true });
  await mkdir(join(root, 'allowed-not'));
  await writeFile(join(root, 'secret.txt'), 'secret');
  await writeFile(join(root, 'allowed-not', 'secret.txt'), 'secret');
  await writeFile(join(folder, 'a.txt'), 'hello');
  await writeFile(join(folder, 'sub', '..b.txt'), 'dots');
  await symlink(join(root, 'secret.txt'), join(folder, 'out.txt'));
  await symlink(join(root, 'allowed-not'), join(folder, 'beside'));
  await symlink(join(folder, 'a.txt'), join(folder, 'inside.txt'));
  await symlink('loop', join(folder, 'loop'));
  execFileSync('mkfifo', [join(folder, 'pipe')]);
});

afterAll(() => rm(root, { recursive: true }));

const refusal = (body: unknown, most = 10): Promise<unknown> =>
  readPathsRequest(body, folder, most).then(
    () => 'accepted',
    (error: { getResponse(): unknown }) => error.getResponse(),
  );

describe('a path', () => {
  it.each([
    '/etc/passwd',
    'C:\\x',
    'c:x',
    '\\\\host\\share',
    '../a',
    'a/../../b',
    'a\\..\\b',
    '..',
    '',
    'a\0b',
    '\uD800',
    7,
    null,
    'x'.repeat(1_025),
  ])('%j is refused', async (path) => {
    expect(pathMistake(path)).toBeDefined();
    expect(await refusal({ paths: ['a.txt', path] })).toMatchObject({
      statusCode: 400,
      code: 'INVALID_PATH',
      path: 'paths[1]',
    });
  });

  it.each(['a.txt', 'sub/..b.txt', './a.txt', 'not yet there.csv', 'inside.txt', 'ordner/größe.txt'])(
    '%j is accepted',
    async (path) => {
      expect(await refusal({ paths: [path] })).toBe('accepted');
    },
  );

  it('that leaves the folder through a link is refused, even into a folder whose name begins like it', async () => {
    for (const path of ['out.txt', 'beside/secret.txt'])
      expect(await refusal({ paths: [path] })).toMatchObject({
        statusCode: 400,
        code: 'OUTSIDE_FOLDER',
        path: 'paths[0]',
      });
  });

  it('of a folder is refused', async () => {
    for (const path of ['sub', '.', 'sub/'])
      expect(await refusal({ paths: [path] })).toMatchObject({ statusCode: 400, code: 'IS_A_FOLDER' });
  });

  it('is never part of the message that refuses it', async () => {
    for (const path of ['/etc/passwd-zzz', '../zzz', 'out.txt'])
      expect(JSON.stringify(await refusal({ paths: [path] }))).not.toMatch(/zzz|secret|allowed\//);
  });
});

describe('a request', () => {
  it.each([
    [undefined, 'BODY_MUST_BE_OBJECT'],
    [null, 'BODY_MUST_BE_OBJECT'],
    [[], 'BODY_MUST_BE_OBJECT'],
    ['a.txt', 'BODY_MUST_BE_OBJECT'],
    [{}, 'INVALID_PATHS'],
    [{ paths: 'a.txt' }, 'INVALID_PATHS'],
    [{ paths: [] }, 'NO_FILES'],
    [{ paths: ['a.txt'], folder: '/' }, 'UNKNOWN_PROPERTY'],
    [{ paths: ['a.txt'], topWords: -1 }, 'INVALID_TOP_WORDS'],
    [{ paths: ['a.txt'], topWords: 101 }, 'INVALID_TOP_WORDS'],
    [{ paths: ['a.txt'], topWords: '5' }, 'INVALID_TOP_WORDS'],
    [{ paths: Array<string>(11).fill('a.txt') }, 'TOO_MANY_FILES'],
  ])('%j is refused', async (body, code) => {
    expect(await refusal(body)).toMatchObject({ statusCode: 400, code });
  });

  it('lists ten words unless it says otherwise', async () => {
    expect(await readPathsRequest({ paths: ['a.txt'] }, folder, 1)).toEqual({
      paths: ['a.txt'],
      topWords: 10,
    });
    expect(readUploadFields({ topWords: '3' })).toEqual({ topWords: 3 });
    expect(readUploadFields(undefined)).toEqual({ topWords: 10 });
    expect(() => readUploadFields({ topWords: '1e1' })).toThrow('expected a whole number');
  });
});

describe('a worker', () => {
  it('opens a file below the folder, also through a link that stays in it', async () => {
    for (const path of ['a.txt', 'inside.txt']) {
      const { file, size } = await openBelow(folder, path);
      expect([await file.readFile('utf8'), size]).toEqual(['hello', 5]);
      await file.close();
    }
  });

  it.each([
    ['../secret.txt', 'INVALID_PATH'],
    ['out.txt', 'OUTSIDE_FOLDER'],
    ['beside/secret.txt', 'OUTSIDE_FOLDER'],
    ['sub', 'NOT_A_FILE'],
  ])('does not open %j: %s', async (path, code) => {
    await expect(openBelow(folder, path)).rejects.toMatchObject({ code });
  });

  it('does not wait for the other end of a pipe', async () => {
    await expect(openBelow(folder, 'pipe')).rejects.toMatchObject({ code: 'NOT_A_FILE' });
  });
});
