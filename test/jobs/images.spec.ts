import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdir, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { ImagesModule } from '#dist/jobs/images/images.module.js';
import { ImagesSettings } from '#dist/jobs/images/images.options.js';
import { ImagesTasks } from '#dist/jobs/images/images.tasks.js';
import type { ThumbnailInput } from '#dist/jobs/images/images.types.js';
import { Turns } from '#dist/jobs/images/turns.js';
import type { TaskRecord } from '#dist/tasks/index.js';
import { createApplication, type TestApplication } from '../support/application.js';
import { createDatabase, type TestDatabase } from '../support/database.js';
import { blackPng } from '../support/png.js';
import { createScratchFolder, type ScratchFolder } from '../support/scratch-folder.js';

const SVG =
  '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><image href="file:///etc/passwd"/></svg>';
const SIZES = [{ width: 40 }];

let database: TestDatabase;
let scratch: ScratchFolder;
let application: TestApplication;
let sources: string;
let output: string;

/** Red on the left, blue on the right: one sees which way up it is. */
const redBlue = (width: number, height: number) =>
  sharp({ create: { width, height, channels: 3, background: 'red' } }).composite([
    { input: { create: { width: width / 2, height, channels: 3, background: 'blue' } }, gravity: 'east' },
  ]);

beforeAll(async () => {
  scratch = await createScratchFolder('images');
  sources = join(scratch.path, 'in');
  output = join(scratch.path, 'out');
  database = await createDatabase();
  application = await createApplication(database.url, {
    imports: [ImagesModule.forRoot({ folder: sources, output })],
  });
  await application.startWorker();

  await mkdir(join(sources, 'sub'));
  const photo = await redBlue(800, 600).jpeg().toBuffer();
  await writeFile(join(sources, 'photo.jpg'), photo);
  await writeFile(join(sources, 'sub', 'photo.jpg'), photo);
  await writeFile(join(sources, 'cut.jpg'), photo.subarray(0, photo.length / 2));
  await writeFile(join(sources, 'text.png'), 'I am a text');
  await writeFile(join(sources, 'drawing.png'), SVG);
  await writeFile(join(sources, 'drawing.svg'), `<?xml version="1.0"?>\n${SVG}`);
  await writeFile(join(sources, 'empty.png'), '');
  await writeFile(join(scratch.path, 'outside.jpg'), photo);
  await symlink(join(scratch.path, 'outside.jpg'), join(sources, 'link.jpg'));
  const turned = redBlue(800, 600).withExif({ IFD0: { Copyright: 'Ada' } });
  await turned.withMetadata({ orientation: 6 }).jpeg().toFile(join(sources, 'turned.jpg'));
});
afterAll(async () => {
  await application.close();
  await scratch.remove();
  await database.drop();
});

const submit = (input: ThumbnailInput) => application.tasks.of(ImagesTasks).thumbnail.delay(input);
const run = async (input: ThumbnailInput) => (await submit(input)).get({ timeout: '60s' });
const failed = async (input: unknown): Promise<TaskRecord> => {
  const handle = await application.tasks.submit('images.thumbnail', [input]);
  await handle.get({ timeout: '60s' }).catch(() => undefined);
  return handle.record();
};

describe('images.thumbnail', () => {
  it('makes each size in each format, and says what it made', async () => {
    const handle = await submit({
      source: 'photo.jpg',
      sizes: [{ width: 200 }, { width: 90, height: 90, fit: 'cover' }],
      formats: ['webp', 'jpeg', 'png', 'avif'],
      quality: 60,
    });
    const { source, outputs } = await handle.get({ timeout: '60s' });
    const { size } = await stat(join(sources, 'photo.jpg'));
    expect(source).toEqual({ width: 800, height: 600, format: 'jpeg', bytes: size, pages: 1 });
    expect(outputs.map(({ width, height, format }) => [width, height, format])).toEqual([
      ...['webp', 'jpeg', 'png', 'avif'].map((format) => [200, 150, format]),
      ...['webp', 'jpeg', 'png', 'avif'].map((format) => [90, 90, format]),
    ]);
    for (const { file, width, height, format, bytes } of outputs) {
      const written = await readFile(join(output, file));
      const found = await sharp(written).metadata();
      expect([found.width, found.height, written.length]).toEqual([width, height, bytes]);
      expect(found.format).toBe(format === 'avif' ? 'heif' : format);
    }
    expect((await handle.record()).progress).toMatchObject({
      current: 8,
      total: 8,
      message: outputs[7]?.file,
    });
  });

  it('gives the same files under the same names when it runs again', async () => {
    const input: ThumbnailInput = { source: 'photo.jpg', sizes: [{ width: 64 }] };
    const first = await run(input);
    const before = await readdir(output);
    expect(await run({ ...input, source: './photo.jpg' })).toEqual(first);
    expect(await readdir(output)).toEqual(before);
    const other = await run({ ...input, source: 'sub/photo.jpg' });
    expect(other.outputs[0]?.file).not.toBe(first.outputs[0]?.file);
    expect((await readdir(output)).filter((name) => name.endsWith('.unfinished'))).toEqual([]);
  });

  it('turns a photo the way the camera was held, and drops what the camera wrote about it', async () => {
    const { source, outputs } = await run({
      source: 'turned.jpg',
      sizes: [{ width: 60 }],
      formats: ['jpeg'],
    });
    expect([source.width, source.height]).toEqual([600, 800]);
    expect([outputs[0]?.width, outputs[0]?.height]).toEqual([60, 80]);
    const thumbnail = sharp(await readFile(join(output, outputs[0]!.file)));
    const { exif, orientation, icc } = await thumbnail.metadata();
    expect([exif, orientation, icc]).toEqual([undefined, undefined, undefined]);
    const { data } = await thumbnail.raw().toBuffer({ resolveWithObject: true });
    // red is on top, blue below
    expect(data[0]! > 200 && data[2]! < 50).toBe(true);
    expect(data[data.length - 3]! < 50 && data[data.length - 1]! > 200).toBe(true);
  });

  it('never enlarges', async () => {
    const { outputs } = await run({ source: 'photo.jpg', sizes: [{ width: 4_096 }] });
    expect([outputs[0]?.width, outputs[0]?.height]).toEqual([800, 600]);
  });

  it('refuses a small file that would unpack to more pixels than allowed, at once', async () => {
    const bomb = blackPng(30_000, 30_000);
    expect(bomb.length).toBeLessThan(200_000);
    await writeFile(join(sources, 'bomb.png'), bomb);
    const { attempt, error } = await failed({ source: 'bomb.png', sizes: SIZES });
    expect([attempt, error?.code]).toEqual([1, 'TOO_MANY_PIXELS']);
    await writeFile(join(sources, 'large.png'), blackPng(9_000, 9_000));
    expect((await run({ source: 'large.png', sizes: SIZES })).outputs[0]).toMatchObject({
      width: 40,
      height: 40,
    });
  });

  it.each([
    ['text.png', 'NOT_AN_IMAGE', 'expected a JPEG, PNG, WebP, AVIF, GIF or TIFF file'],
    ['empty.png', 'NOT_AN_IMAGE', 'expected a JPEG'],
    ['drawing.svg', 'NOT_AN_IMAGE', 'expected a JPEG'],
    ['drawing.png', 'NOT_AN_IMAGE', 'expected a JPEG'],
    ['cut.jpg', 'DAMAGED_IMAGE', 'the image is damaged or incomplete'],
    ['missing.jpg', 'FILE_NOT_FOUND', 'no file has this name'],
    ['link.jpg', 'OUTSIDE_FOLDER', 'leads out of the configured folder'],
    ['sub', 'NOT_A_FILE', 'expected a regular file'],
  ])('does not try %s again: %s', async (source, code, words) => {
    const record = await failed({ source, sizes: SIZES });
    expect(record).toMatchObject({ state: 'FAILURE', attempt: 1, error: { name: 'ImageError', code } });
    expect(record.error?.message).toContain(words);
    expect(record.error?.message).not.toContain(scratch.path);
  });

  it.each([
    [null, 'input: expected an object'],
    [{ source: 'a.png', sizes: SIZES, output: '/tmp' }, 'input: expected an object'],
    [
      { source: '/etc/passwd', sizes: SIZES },
      'input.source: expected a path relative to the configured folder',
    ],
    [{ source: '../outside.jpg', sizes: SIZES }, 'input.source: expected a path below the configured folder'],
    [{ source: 7, sizes: SIZES }, 'input.source: expected a path'],
    [{ source: 'a.png', sizes: [] }, 'input.sizes: expected at least one size'],
    [
      { source: 'a.png', sizes: [{ width: 0 }] },
      'input.sizes.0.width: expected a whole number from 1 to 4096, got 0',
    ],
    [{ source: 'a.png', sizes: [{ width: 1.5 }] }, 'input.sizes.0.width'],
    [{ source: 'a.png', sizes: [{ width: 9, height: 5_000 }] }, 'input.sizes.0.height'],
    [
      { source: 'a.png', sizes: [{ width: 9, fit: 'x' }] },
      'input.sizes.0.fit: expected one of inside, outside',
    ],
    [
      { source: 'a.png', sizes: [{ width: 9 }, { width: 9 }] },
      'input.sizes: expected sizes that are all different',
    ],
    [
      { source: 'a.png', sizes: Array.from({ length: 11 }, (_, i) => ({ width: i + 1 })) },
      'input.sizes: expected at most 10',
    ],
    [{ source: 'a.png', sizes: SIZES, formats: ['gif'] }, 'input.formats.0: expected one of webp'],
    [{ source: 'a.png', sizes: SIZES, formats: [] }, 'input.formats: expected at least one format'],
    [
      { source: 'a.png', sizes: SIZES, quality: 101 },
      'input.quality: expected a whole number from 1 to 100, got 101',
    ],
  ])('refuses an input that is wrong with what was expected (%#)', async (input, words) => {
    const { attempt, error } = await failed(input);
    expect([attempt, error?.code]).toEqual([1, 'INVALID_INPUT']);
    expect(error?.message).toContain(words);
  });
});

it('only so many thumbnails are made at once, and a failure gives its place to the next', async () => {
  const turns = new Turns(2);
  let running = 0;
  let most = 0;
  const work = async (): Promise<void> => {
    most = Math.max(most, ++running);
    await new Promise(setImmediate);
    running--;
    throw new Error('damaged');
  };
  await Promise.allSettled(Array.from({ length: 7 }, () => turns.take(work)));
  expect([most, running]).toEqual([2, 0]);
});

it('options out of range are refused with what was expected', () => {
  expect(() => new ImagesSettings({ maxPixels: 0 })).toThrow(
    'ImagesModule: maxPixels: expected a whole number of 1 or more, got 0',
  );
});
