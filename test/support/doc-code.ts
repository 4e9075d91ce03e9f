import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { transform } from '@swc/core';

const project = fileURLToPath(new URL('../..', import.meta.url));

/** The code blocks of a document that are marked so: a fence of three backticks, the language and the mark. */
export async function codeBlocks(document: string, mark: string): Promise<string[]> {
  const text = await readFile(join(project, 'docs', document), 'utf8');
  const blocks = [...text.matchAll(/```(\w+) (\w+)\n([^]*?)```/g)];
  return blocks.filter(([, , found]) => found === mark).map(([, , , code]) => code!);
}

export interface ProjectFolder {
  readonly path: string;
  write(name: string, code: string): Promise<string>;
  remove(): Promise<void>;
}

/** A folder inside the project, so that `celeriac` and its development dependencies are found from it. */
export async function createProjectFolder(): Promise<ProjectFolder> {
  const parent = join(project, '.celeriac');
  await mkdir(parent, { recursive: true });
  const path = await mkdtemp(join(parent, 'docs-'));
  return {
    path,
    async write(name, code) {
      await writeFile(join(path, name), code);
      return join(path, name);
    },
    remove: () => rm(path, { recursive: true, force: true }),
  };
}

/** TypeScript with Nest's decorators as a module that Node runs. */
export async function compile(code: string): Promise<string> {
  const { code: compiled } = await transform(code, {
    jsc: {
      parser: { syntax: 'typescript', decorators: true },
      transform: { legacyDecorator: true, decoratorMetadata: true },
      target: 'es2023',
    },
    module: { type: 'es6' },
  });
  return compiled;
}

/** Runs a program of a document in a process of its own. @returns what it printed */
export async function runProgram(code: string, environment: NodeJS.ProcessEnv): Promise<string> {
  const folder = await createProjectFolder();
  try {
    const file = await folder.write('program.mjs', await compile(code));
    const { stdout } = await promisify(execFile)(process.execPath, ['--no-warnings', file], {
      cwd: folder.path,
      env: { PATH: process.env.PATH, ...environment },
      timeout: 60_000,
    });
    return stdout;
  } finally {
    await folder.remove();
  }
}
