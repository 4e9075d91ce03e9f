import { execFile } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { codeBlocks, createProjectFolder, type ProjectFolder } from '../support/doc-code.js';

const modules = fileURLToPath(new URL('../../node_modules', import.meta.url));

/** The runner's output; it prints to both streams. */
async function run(folder: ProjectFolder, args: string[]): Promise<string> {
  const { PATH, HOME } = process.env;
  const { stdout, stderr } = await promisify(execFile)(process.execPath, args, {
    cwd: folder.path,
    env: { PATH, HOME, NO_COLOR: '1' },
  });
  return stdout + stderr;
}

describe('docs/testing.md', () => {
  let folder: ProjectFolder;

  beforeAll(async () => {
    folder = await createProjectFolder();
    for (const [mark, name] of [
      ['tasks', 'shop.tasks.ts'],
      ['test', 'shop.tasks.test.ts'],
      ['jest', 'jest.config.js'],
      ['vitest', 'vitest.config.ts'],
    ] as const) {
      const [code] = await codeBlocks('testing.md', mark);
      await folder.write(name, code!);
    }
    await folder.write('tsconfig.json', JSON.stringify({ extends: '../../tsconfig.json', include: ['.'] }));
    await mkdir(join(folder.path, 'tmp'));
  });
  afterAll(() => folder.remove());

  it('is a recipe that runs with jest', async () => {
    const output = await run(folder, [
      '--experimental-vm-modules',
      '--no-warnings',
      join(modules, 'jest/bin/jest.js'),
      '--rootDir=.',
      '--cacheDirectory=tmp',
    ]);
    expect(output).toMatch(/Tests:\s+2 passed, 2 total/);
  });

  it('is a recipe that runs with vitest', async () => {
    const output = await run(folder, [join(modules, 'vitest/vitest.mjs'), 'run', '--root', '.']);
    expect(output).toMatch(/Tests\s+2 passed/);
  });
});
