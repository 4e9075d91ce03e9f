import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { cp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const project = fileURLToPath(new URL('../..', import.meta.url));
const execute = promisify(execFile);

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

/** An application as `nest new` makes it, with the packed library installed from its tarball. */
export class GeneratedApplication {
  private constructor(readonly folder: string) {}

  /** Generates it in `folder`, gives it the sources of test/package/application, and installs. */
  static async create(folder: string): Promise<GeneratedApplication> {
    const nest = join(project, 'node_modules/.bin/nest');
    await execute(nest, ['new', 'app', '--package-manager', 'npm', '--skip-git', '--skip-install'], {
      cwd: folder,
    });
    const app = new GeneratedApplication(join(folder, 'app'));
    const packed = await execute(
      'npm',
      ['pack', '--ignore-scripts', '--json', '--pack-destination', folder],
      { cwd: project },
    );
    const [{ filename }] = JSON.parse(packed.stdout) as [{ filename: string }];
    await app.require(join(folder, filename));
    await app.useSources();
    await app.run('npm', ['install', '--no-audit', '--no-fund', '--prefer-offline']);
    return app;
  }

  /** The errors of its own compiler, a line each; [] when it compiled. */
  async compile(...options: string[]): Promise<string[]> {
    // the generated settings name types of a test runner that is not installed
    const args = ['-p', 'tsconfig.build.json', '--types', 'node', '--pretty', 'false', ...options];
    try {
      await this.run(join(this.folder, 'node_modules/.bin/tsc'), args);
      return [];
    } catch (error) {
      return (error as { stdout: string }).stdout.trim().split('\n');
    }
  }

  /** Runs a script of it to its end. @returns what it wrote to its standard output */
  async node(args: string[], environment: NodeJS.ProcessEnv = {}): Promise<string> {
    return (await this.run(process.execPath, args, environment)).stdout.trim();
  }

  /** Whether a package fits in beside all others, without installing it. @throws what npm says against it */
  async resolve(name: string): Promise<string> {
    return (await this.run('npm', ['install', '--package-lock-only', '--no-audit', '--save-dev', name]))
      .stdout;
  }

  /** Starts a script that goes on; resolves when it has written its first line. */
  async start(script: string, environment: NodeJS.ProcessEnv): Promise<ChildProcess> {
    const child = spawn(process.execPath, [script], {
      cwd: this.folder,
      env: { PATH: process.env.PATH, ...environment },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await Promise.race([
      once(child.stdout, 'data'),
      once(child, 'exit').then(([code]) => Promise.reject(new Error(`${script} ended with ${code}`))),
    ]);
    return child;
  }

  private async run(command: string, args: string[], environment: NodeJS.ProcessEnv = {}) {
    const { PATH, HOME } = process.env;
    return execute(command, args, { cwd: this.folder, env: { PATH, HOME, ...environment } });
  }

  /** Adds what the library needs, and leaves out the development tools that are not used here. */
  private async require(tarball: string): Promise<void> {
    const path = join(this.folder, 'package.json');
    const manifest = JSON.parse(await readFile(path, 'utf8')) as Manifest;
    const { typescript } = manifest.devDependencies;
    manifest.devDependencies = {
      typescript: typescript!,
      '@types/node': manifest.devDependencies['@types/node']!,
    };
    Object.assign(manifest.dependencies, {
      '@nestjs/typeorm': '^12.0.0',
      pg: '^8.7.0',
      typeorm: '^1.1.0',
      celeriac: `file:${tarball}`,
    });
    await writeFile(path, JSON.stringify(manifest, undefined, 2));
  }

  private async useSources(): Promise<void> {
    const source = join(this.folder, 'src');
    for (const file of await readdir(source)) await rm(join(source, file));
    await cp(join(project, 'test/package/application'), source, { recursive: true });
  }
}
