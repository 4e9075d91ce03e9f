import { execFile } from 'node:child_process';
import { access, mkdir, readFile } from 'node:fs/promises';
import { dirname, join, normalize } from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { Command } from 'commander';
import { parseAllDocuments } from 'yaml';
import { build } from '#dist/tasks/cli/program.js';
import { processIo } from '#dist/tasks/cli/terminal/io.js';
import { addWorkerFlags } from '#dist/tasks/execution/worker-flags.js';
import { createProjectFolder } from '../support/doc-code.js';
import { project, readDocuments, type Document } from '../support/documents.js';
import { shellCommands } from '../support/shell-lines.js';

/** Shell, one command after the other, with where it stands. */
const shellOf = (documents: readonly Document[]) =>
  documents.flatMap(({ path, blocks }) =>
    blocks
      .filter(({ language }) => language === 'sh' || language === 'bash')
      .flatMap(({ code }) => shellCommands(code).map((words) => ({ path, words }))),
  );

describe('README, CONTRIBUTING and docs/', () => {
  let documents: Document[];

  beforeAll(async () => {
    documents = await readDocuments();
  });

  it('have TypeScript that compiles, every block of it', async () => {
    const folder = await createProjectFolder();
    try {
      for (const { path, blocks } of documents) {
        const name = path.replaceAll(/\W/g, '-');
        await mkdir(join(folder.path, name));
        for (const [i, { language, code, hidden }] of blocks.entries())
          if (language === 'ts') {
            // a block that says what it is called can be imported by the others of its document
            const [, file = `block-${i}.ts`] = /^\/\/ ([\w.-]+\.ts)\b/.exec(code) ?? [];
            await folder.write(join(name, file), `${hidden}${code}\nexport {};\n`);
          }
      }
      const options = {
        extends: '../../test/tsconfig.json',
        compilerOptions: {
          rootDir: '../..',
          noUnusedLocals: false,
          noUnusedParameters: false,
          // most applications do not have it
          exactOptionalPropertyTypes: false,
        },
        include: ['./**/*.ts'],
      };
      await folder.write('tsconfig.json', JSON.stringify(options));
      const tsc = join(project, 'node_modules/typescript/bin/tsc');
      const said = await promisify(execFile)(process.execPath, [tsc, '-p', folder.path]).then(
        () => '',
        (error: { stdout: string }) => error.stdout,
      );
      expect(said).toBe('');
    } finally {
      await folder.remove();
    }
  });

  it('have links that lead somewhere', async () => {
    const byPath = new Map(documents.map((document) => [document.path, document]));
    const broken: string[] = [];
    for (const { path, links } of documents)
      for (const link of links) {
        if (/^https?:/.test(link)) continue;
        const [file = '', anchor] = link.split('#');
        const target = file === '' ? path : normalize(join(dirname(path), file));
        const there = await access(join(project, target)).then(
          () => true,
          () => false,
        );
        const anchors = byPath.get(target)?.anchors;
        if (!there || (anchor !== undefined && !anchors?.has(anchor))) broken.push(`${path}: ${link}`);
      }
    expect(broken).toEqual([]);
  });

  it('are all found from the README', () => {
    const linked = new Set(documents.find(({ path }) => path === 'README.md')!.links);
    const missing = documents.filter(({ path }) => path.startsWith('docs/') && !linked.has(path));
    expect(missing.map(({ path }) => path)).toEqual([]);
  });

  it('have shell lines of commands that are known, with scripts and entries that exist', async () => {
    const { scripts } = JSON.parse(await readFile(join(project, 'package.json'), 'utf8')) as {
      scripts: Record<string, string>;
    };
    const wrong: string[] = [];
    for (const { path, words } of shellOf(documents)) {
      const [command, first, second] = words as [string, ...string[]];
      const script =
        first === 'run' ? words.slice(1).find((word) => !word.startsWith('-') && word !== 'run') : first;
      const known =
        command === 'npm'
          ? ['ci', 'install', 'i', 'create'].includes(first!) || Object.hasOwn(scripts, script ?? '')
          : command === 'node'
            ? first === '-pe' || words.some((word) => FILES.test(word))
            : command === 'npx'
              ? NPX.has(first === '-y' ? second! : first!)
              : COMMANDS.has(command);
      if (!known) wrong.push(`${path}: ${words.join(' ')}`);
    }
    expect(wrong).toEqual([]);
  });

  it('name commands and options of celeriac that exist', () => {
    const program = new Command('celeriac');
    build(program, () => undefined, processIo());
    // these it hands on to the application's entry
    addWorkerFlags(program.commands.find((command) => command.name() === 'worker')!);
    const spans = documents.flatMap(({ path, spans: all }) =>
      all.flatMap((span) => shellCommands(span).map((words) => ({ path, words }))),
    );
    const wrong: string[] = [];
    let checked = 0;
    for (const { path, words } of [...shellOf(documents), ...spans]) {
      const start = words[0] === 'npx' ? 1 : 0;
      if (words[start] !== 'celeriac' || words.length === start + 1) continue;
      checked++;
      const problem = problemOf(program, words.slice(start + 1));
      if (problem) wrong.push(`${path}: ${words.join(' ')}: ${problem}`);
    }
    expect(wrong).toEqual([]);
    expect(checked).toBeGreaterThan(40);
  });

  it('have YAML and JSON that can be read', () => {
    for (const { path, blocks } of documents)
      for (const { language, code } of blocks) {
        if (language === 'json') JSON.parse(code);
        if (language === 'yaml')
          for (const parsed of parseAllDocuments(code)) expect([path, parsed.errors]).toEqual([path, []]);
      }
  });
});

/** What is wrong with a command line, by the words alone. */
function problemOf(program: Command, words: readonly string[]): string | undefined {
  const chain = [program];
  const globals = () => chain.flatMap((command) => command.options);
  for (const word of words) {
    const command = chain.at(-1)!;
    if (word === '--') return undefined;
    if (/^-{1,2}[a-zA-Z]/.test(word)) {
      const [flag] = word.split('=');
      const known = [
        '-h',
        '--help',
        '-V',
        '--version',
        ...globals().flatMap(({ long, short }) => [long, short]),
      ];
      if (!known.includes(flag)) return `'${command.name()}' has no option ${flag}`;
    } else if (command.commands.length > 0 && !/[…<[]/.test(word)) {
      const names = word.split('|');
      const found = names.map((name) =>
        command.commands.find((each) => each.name() === name || each.aliases().includes(name)),
      );
      if (found.includes(undefined)) {
        if (isValue(command, words, word)) continue;
        return `'${command.name()}' has no command ${word}`;
      }
      chain.push(found[0]!);
    }
  }
  return undefined;
}

/** Whether it belongs to the option before it. */
function isValue(command: Command, words: readonly string[], word: string): boolean {
  const previous = words[words.indexOf(word) - 1];
  return command.options.some(
    ({ long, short, required }) => required && (long === previous || short === previous),
  );
}

const NPX = new Set(['celeriac', 'nest', 'openapi-typescript']);
/** What Node is started with. */
const FILES = /^(dist\/(main|worker)\.js|node_modules\/jest\/bin\/jest\.js)$/;
const COMMANDS = new Set([
  'celeriac',
  'cd',
  'curl',
  'docker',
  'eval',
  'kubectl',
  'kill',
  'printf',
  'psql',
  'redis-cli',
  'rm',
  'sudo',
  'systemctl',
]);
