import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { execFile } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { builtinModules } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';
import { createScratchFolder, type ScratchFolder } from '../support/scratch-folder.js';
import { pack } from './pack.js';

/** A statement as the compiler writes it, on one line or ending on its last; `import('…')`, in types too; `require('…')`. */
const IMPORT =
  /^(?:(?:import|export|\}) [^'"\n]*\bfrom |import )['"]([^'"\n]+)['"];?$|\b(?:import|require)\(['"]([^'"\n]+)['"]\)/gm;
const project = fileURLToPath(new URL('../..', import.meta.url));
const execute = promisify(execFile);

interface Manifest {
  exports: Record<string, string | { types: string; default: string }>;
  files: string[];
  dependencies?: Record<string, string>;
  peerDependencies?: Record<string, string>;
}

const readManifest = async () =>
  JSON.parse(await readFile(join(project, 'package.json'), 'utf8')) as Manifest;

describe('package.json', () => {
  /** The packages that the published code and its types import. */
  async function importedPackages(): Promise<string[]> {
    const folder = join(project, 'dist/tasks');
    const files = (await readdir(folder, { recursive: true })).filter((file) => /\.(js|d\.ts)$/.test(file));
    const names = new Set<string>();
    for (const file of files) {
      const code = await readFile(join(folder, file), 'utf8');
      for (const [, ofStatement, ofExpression] of code.matchAll(IMPORT)) {
        const specifier = ofStatement ?? ofExpression!;
        const name = /^(@[^/]+\/)?[^/]+/.exec(specifier)![0];
        if (!/^(\.|#|node:)/.test(specifier) && !builtinModules.includes(name)) names.add(name);
      }
    }
    return [...names].sort();
  }

  it('names every package that the library imports, as a dependency or a peer', async () => {
    const { dependencies = {}, peerDependencies = {} } = await readManifest();
    const imported = await importedPackages();
    expect(imported).toEqual(expect.arrayContaining(['@nestjs/common', 'pg', 'typeorm', 'uuid']));
    expect(imported.filter((name) => !(name in dependencies) && !(name in peerDependencies))).toEqual([]);
  });

  it('leads from every export to a file that is published', async () => {
    const { exports, files } = await readManifest();
    for (const [name, target] of Object.entries(exports))
      for (const path of typeof target === 'string' ? [target] : [target.types, target.default]) {
        expect(`${name}: ${(await readFile(join(project, path), 'utf8')).length > 0}`).toBe(`${name}: true`);
        const published = path === './package.json' || files.some((file) => path.startsWith(`./${file}/`));
        expect(`${path}: ${published}`).toBe(`${path}: true`);
      }
  });

  it('has entries that a CommonJS program can require(): no await stands at the top of any file they reach', async () => {
    const names = Object.keys((await readManifest()).exports).map((entry) => `celeriac${entry.slice(1)}`);
    const script = `for (const name of ${JSON.stringify(names)}) console.log(name, Object.keys(require(name)).length > 0)`;
    const { stdout } = await execute(
      process.execPath,
      ['--no-warnings', '--input-type=commonjs', '-e', script],
      {
        cwd: project,
      },
    );
    expect(stdout.trim().split('\n')).toEqual(names.map((name) => `${name} true`));
    expect(names).toEqual(
      expect.arrayContaining([
        'celeriac',
        'celeriac/worker',
        'celeriac/redis',
        'celeriac/rabbitmq',
        'celeriac/cli',
      ]),
    );
  });

  it('has entries that list what they export, name by name', async () => {
    const { exports } = await readManifest();
    const lists = Object.values(exports).flatMap((target) =>
      typeof target === 'string' ? [] : [target.types],
    );
    for (const list of lists)
      expect([list, (await readFile(join(project, list), 'utf8')).includes('export *')]).toEqual([
        list,
        false,
      ]);
  });
});

describe('the packed library', () => {
  let folder: ScratchFolder;
  let tarball: string;

  beforeAll(async () => {
    folder = await createScratchFolder('packed');
    tarball = await pack(folder.path);
  });
  afterAll(() => folder.remove());

  it('is found by every tool as its manifest says (publint)', async () => {
    const { buffer } = await readFile(tarball);
    const { messages, pkg } = await publint({ pack: { tarball: buffer }, strict: true });
    expect(messages.map((message) => formatMessage(message, pkg))).toEqual([]);
  });

  it('has types that every way of importing it finds, and that match its modules (attw)', async () => {
    const attw = join(project, 'node_modules/.bin/attw');
    const args = ['--profile', 'esm-only', '--format', 'ascii', '--no-color', tarball];
    // with a problem it exits with 1, and has said it in its output
    const { stdout } = await execute(attw, args).catch((error: { stdout: string }) => {
      throw new Error(error.stdout);
    });
    for (const entry of Object.keys((await readManifest()).exports))
      expect(stdout).toContain(`"celeriac${entry.slice(1)}"`);
  });
});
