import { describe, expect, it } from '@jest/globals';
import { readdir, readFile } from 'node:fs/promises';
import { builtinModules } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** A statement as the compiler writes it, on one line or ending on its last; `import('…')`, in types too; `require('…')`. */
const IMPORT =
  /^(?:(?:import|export|\}) [^'"\n]*\bfrom |import )['"]([^'"\n]+)['"];?$|\b(?:import|require)\(['"]([^'"\n]+)['"]\)/gm;
const project = fileURLToPath(new URL('../..', import.meta.url));

interface Manifest {
  exports: Record<string, string | { types: string; default: string }>;
  files: string[];
  dependencies?: Record<string, string>;
  peerDependencies?: Record<string, string>;
}

describe('package.json', () => {
  const read = async () => JSON.parse(await readFile(join(project, 'package.json'), 'utf8')) as Manifest;

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
    const { dependencies = {}, peerDependencies = {} } = await read();
    const imported = await importedPackages();
    expect(imported).toEqual(expect.arrayContaining(['@nestjs/common', 'pg', 'typeorm', 'uuid']));
    expect(imported.filter((name) => !(name in dependencies) && !(name in peerDependencies))).toEqual([]);
  });

  it('leads from every export to a file that is published', async () => {
    const { exports, files } = await read();
    for (const [name, target] of Object.entries(exports))
      for (const path of typeof target === 'string' ? [target] : [target.types, target.default]) {
        expect(`${name}: ${(await readFile(join(project, path), 'utf8')).length > 0}`).toBe(`${name}: true`);
        const published = path === './package.json' || files.some((file) => path.startsWith(`./${file}/`));
        expect(`${path}: ${published}`).toBe(`${path}: true`);
      }
  });
});
