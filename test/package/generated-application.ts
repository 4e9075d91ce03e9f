import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { cp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { codeBlocks } from '../support/doc-code.js';

const sources = fileURLToPath(new URL('application', import.meta.url));

/** An application as `nest new` makes it, with the sources of test/package/application. */
export class GeneratedApplication {
  private constructor(private readonly folder: string) {}

  static async withSources(folder: string, type: 'esm' | 'cjs'): Promise<GeneratedApplication> {
    const source = join(folder, 'src');
    for (const file of await readdir(source)) await rm(join(source, file));
    await cp(sources, source, { recursive: true });
    // not a test of this project, nor with the names of its runner
    await rename(join(source, 'report.tasks.spec.template'), join(source, 'report.tasks.spec.ts'));
    // as the generated sources of each have it
    if (type === 'cjs')
      for (const file of await readdir(source)) {
        const text = await readFile(join(source, file), 'utf8');
        await writeFile(join(source, file), text.replaceAll(/from '(\..*)\.js'/g, `from '$1'`));
      }
    const [jest] = await codeBlocks('testing.md', 'jest');
    await writeFile(join(folder, 'jest.documented.mjs'), jest!);
    return new GeneratedApplication(folder);
  }

  /** The errors of its own compiler, a line each; [] when it compiled. */
  async compile(...options: string[]): Promise<string[]> {
    const args = ['-p', 'tsconfig.build.json', '--pretty', 'false', ...options];
    try {
      await this.run(process.execPath, [join(this.folder, '../node_modules/typescript/bin/tsc'), ...args]);
      return [];
    } catch (error) {
      return (error as { stdout: string }).stdout.trim().split('\n');
    }
  }

  /** Runs a script of it to its end. @returns what it wrote to its standard output */
  async node(args: string[], environment: NodeJS.ProcessEnv = {}, node = process.execPath): Promise<string> {
    return (await this.run(node, args, environment)).stdout.trim();
  }

  /** Its tests, by its own configuration of vitest. @returns what the runner says */
  async vitest(node: string): Promise<string> {
    return this.output(node, ['../node_modules/vitest/vitest.mjs', 'run']);
  }

  /**
   * Its tests, by its own configuration of jest. That needs require() of ES modules inside of jest, which is there from
   * Node 24.9: before, by the configuration of docs/testing.md.
   */
  async jest(node: string): Promise<string> {
    const [major, minor] = (await this.node(['-p', 'process.versions.node'], {}, node))
      .split('.')
      .map(Number);
    const own = major! > 24 || (major === 24 && minor! >= 9);
    const documented = ['--config', 'jest.documented.mjs', '--testMatch', '**/*.spec.ts'];
    return this.output(node, [
      '--experimental-vm-modules',
      '../node_modules/jest/bin/jest.js',
      ...(own ? [] : documented),
    ]);
  }

  /** Starts a script that goes on; resolves when it has written its first line. */
  async start(script: string, environment: NodeJS.ProcessEnv, node: string): Promise<ChildProcess> {
    const child = spawn(node, [script], {
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

  private async output(node: string, args: string[]): Promise<string> {
    const { stdout, stderr } = await this.run(node, args, { NO_COLOR: '1' }).catch(
      (error: { stdout: string; stderr: string }) => {
        throw new Error(error.stdout + error.stderr);
      },
    );
    return stdout + stderr;
  }

  private async run(command: string, args: string[], environment: NodeJS.ProcessEnv = {}) {
    const { PATH, HOME } = process.env;
    return promisify(execFile)(command, args, { cwd: this.folder, env: { PATH, HOME, ...environment } });
  }
}
