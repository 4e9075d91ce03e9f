import { execFile } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { SETTING_NAMES } from '#dist/tasks/definition/task-settings.js';
import { TASK_EVENTS } from '#dist/tasks/events/task-events.js';
import { createProjectFolder, type ProjectFolder } from '../support/doc-code.js';

jest.setTimeout(120_000);
const project = fileURLToPath(new URL('../..', import.meta.url));

describe('docs/tasks.md', () => {
  let folder: ProjectFolder;
  let text: string;

  beforeAll(async () => {
    folder = await createProjectFolder();
    text = await readFile(join(project, 'docs/tasks.md'), 'utf8');
  });
  afterAll(() => folder.remove());

  it('has code that compiles, every block of it', async () => {
    const blocks = [...text.matchAll(/```ts\n([^]*?)```/g)].map((match) => match[1]!);
    for (const [i, code] of blocks.entries()) await folder.write(`block-${i}.ts`, code);
    await folder.write(
      'tsconfig.json',
      JSON.stringify({
        extends: '../../test/tsconfig.json',
        compilerOptions: { rootDir: '../..', noUnusedLocals: false },
        include: ['./*.ts'],
      }),
    );
    expect(await readdir(folder.path)).toHaveLength(blocks.length + 1);
    expect(blocks.length).toBeGreaterThan(4);
    const tsc = join(project, 'node_modules/typescript/bin/tsc');
    await promisify(execFile)(process.execPath, [tsc, '-p', folder.path]).catch(
      (error: { stdout: string }) => {
        throw new Error(error.stdout);
      },
    );
  });

  it('names every setting and every event', () => {
    for (const name of [...SETTING_NAMES, ...TASK_EVENTS]) expect(text).toContain(`\`${name}\``);
  });
});
