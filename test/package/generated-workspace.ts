import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { GeneratedApplication } from './generated-application.js';
import { pack } from './pack.js';

const project = fileURLToPath(new URL('../..', import.meta.url));
const execute = promisify(execFile);

/** What the applications need of what the generator gives them: to compile and to test. */
const TOOLS = {
  esm: ['vitest', 'vite-tsconfig-paths'],
  cjs: ['jest', '@types/jest', 'ts-jest', 'ts-node'],
  both: ['typescript', '@types/node', '@nestjs/testing'],
};

interface Manifest {
  dependencies: Record<string, string>;
  devDependencies: Record<string, string>;
}

/** Why nothing can be installed here; undefined when it can. */
export async function missingRegistry(): Promise<string | undefined> {
  try {
    await execute('npm', ['ping', '--fetch-retries=0', '--fetch-timeout=10000'], { timeout: 20_000 });
    return undefined;
  } catch {
    return 'the tests of the package install it, and the npm registry does not answer';
  }
}

/**
 * An application with ES modules and vitest and one with CommonJS and jest, as `nest new` makes them, with the packed
 * library installed from its tarball: as a workspace, so that one installation serves both.
 */
export class GeneratedWorkspace {
  private constructor(
    private readonly folder: string,
    readonly esm: GeneratedApplication,
    readonly cjs: GeneratedApplication,
  ) {}

  static async create(folder: string): Promise<GeneratedWorkspace> {
    const tarball = await pack(folder);
    await writeFile(
      join(folder, 'package.json'),
      JSON.stringify({ private: true, workspaces: ['esm', 'cjs'], devDependencies: documentedTools() }),
    );
    const application = async (type: 'esm' | 'cjs') => {
      // the generator that `nest new` runs; that asks for the type on a terminal only
      const options = [`--name=${type}`, `--type=${type}`, '--language=ts', '--package-manager=npm'];
      const generate = ['@nestjs/schematics:application', ...options];
      await execute(join(project, 'node_modules/.bin/schematics'), generate, { cwd: folder });
      await requireLibrary(join(folder, type, 'package.json'), type, tarball);
      return GeneratedApplication.withSources(join(folder, type), type);
    };
    const workspace = new GeneratedWorkspace(folder, await application('esm'), await application('cjs'));
    await workspace.npm('install', '--no-audit', '--no-fund', '--prefer-offline');
    return workspace;
  }

  /** Whether a package fits in beside all others, without installing it. @throws what npm says against it */
  resolve(name: string): Promise<string> {
    return this.npm('install', '--package-lock-only', '--no-audit', '--save-dev', name);
  }

  private async npm(...args: string[]): Promise<string> {
    const { PATH, HOME } = process.env;
    return (await execute('npm', args, { cwd: this.folder, env: { PATH, HOME } })).stdout;
  }
}

/** What docs/testing.md has in its configuration of jest, beside what is generated. */
const documentedTools = () => ({ '@swc/core': '^1.15.0', '@swc/jest': '^0.2.39' });

/** Adds what the library needs, and leaves out the development tools that are not used here. */
async function requireLibrary(path: string, type: 'esm' | 'cjs', tarball: string): Promise<void> {
  const manifest = JSON.parse(await readFile(path, 'utf8')) as Manifest;
  const tools = [...TOOLS[type], ...TOOLS.both];
  manifest.devDependencies = Object.fromEntries(
    Object.entries(manifest.devDependencies).filter(([name]) => tools.includes(name)),
  );
  Object.assign(manifest.dependencies, {
    '@nestjs/typeorm': '^12.0.0',
    pg: '^8.7.0',
    typeorm: '^1.1.0',
    celeriac: `file:${tarball}`,
  });
  await writeFile(path, JSON.stringify(manifest, undefined, 2));
}
