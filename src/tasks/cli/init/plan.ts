import { readFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { CliError } from '../errors.js';
import { EXIT } from '../exit-codes.js';
import type { Change } from './change.js';
import { editModule, loadTypeScript, moduleName } from './edit-module.js';
import {
  DASHBOARD,
  PACKAGES,
  ROUTES,
  SAMPLE_TASKS,
  SCRIPTS,
  TASKS,
  TYPEORM,
  workerEntry,
} from './templates.js';

export interface InitPlan {
  readonly changes: readonly Change[];
  /** Packages that the application does not depend on yet. */
  readonly packages: readonly string[];
}

interface Manifest {
  type?: string;
  scripts?: Record<string, string>;
  dependencies?: Record<string, string>;
  devDependencies?: Record<string, string>;
}

/** What makes the Nest application in this folder one with tasks; what is there already stays. @throws CliError */
export async function planInit(folder: string, modulePath: string): Promise<InitPlan> {
  const read = (path: string) => readFile(join(folder, path), 'utf8').catch(() => undefined);
  const manifestText = await read('package.json');
  const manifest: Manifest | undefined = parse(manifestText, 'package.json');
  const installed = { ...manifest?.dependencies, ...manifest?.devDependencies };
  if (!manifestText || !manifest || !('@nestjs/core' in installed))
    throw new CliError('there is no Nest application in this folder: make one with nest new', EXIT.notFound);
  const moduleSource = await read(modulePath);
  if (moduleSource === undefined)
    throw new CliError(
      `${modulePath} is not there: give the application's module with --module`,
      EXIT.notFound,
    );

  const compiler = loadTypeScript(folder);
  const source = dirname(modulePath);
  const esm = manifest.type === 'module';
  const extension = esm || /from '\.[^']*\.js'/.test(moduleSource) ? '.js' : '';
  const name = moduleName(compiler, modulePath, moduleSource);
  const hasTypeOrm = moduleSource.includes('TypeOrmModule.');
  const files: [string, (before: string | undefined) => string][] = [
    ['package.json', (before) => addScripts(before!, manifest)],
    [
      modulePath,
      (before) =>
        editModule(compiler, modulePath, before!, {
          importLines: [
            ...(hasTypeOrm
              ? []
              : [
                  `import { TypeOrmModule } from '@nestjs/typeorm';`,
                  `import { startEmbeddedPostgres } from 'celeriac/embedded';`,
                ]),
            `import { TasksModule } from 'celeriac';`,
            `import { TasksDashboardModule } from 'celeriac/dashboard';`,
            `import { TasksHttpModule } from 'celeriac/http';`,
            `import { GreetingTasks } from './greeting.tasks${extension}';`,
          ],
          elements: [
            { property: 'imports', known: 'TypeOrmModule.', text: TYPEORM },
            { property: 'imports', known: 'TasksModule.', text: TASKS },
            { property: 'imports', known: 'TasksHttpModule.', text: ROUTES },
            { property: 'imports', known: 'TasksDashboardModule.', text: DASHBOARD },
            { property: 'providers', known: 'GreetingTasks', text: 'GreetingTasks' },
          ],
        }),
    ],
    [join(source, 'greeting.tasks.ts'), (before) => before ?? SAMPLE_TASKS],
    [
      join(source, 'worker.ts'),
      (before) => before ?? workerEntry(name, basename(modulePath, '.ts'), extension, esm),
    ],
    ['nest-cli.json', keepBuild],
    [
      '.gitignore',
      (before = '') =>
        /^\/?\.celeriac/m.test(before)
          ? before
          : `${before}${before === '' || before.endsWith('\n') ? '' : '\n'}.celeriac/\n`,
    ],
  ];
  const changes: Change[] = [];
  for (const [path, make] of files) {
    const before = await read(path);
    const after = make(before);
    if (after !== before) changes.push({ path, before, after });
  }
  return { changes, packages: PACKAGES.filter((each) => !(each in installed)) };
}

function addScripts(text: string, manifest: Manifest): string {
  if (Object.keys(SCRIPTS).every((script) => manifest.scripts?.[script] !== undefined)) return text;
  return format({ ...manifest, scripts: { ...manifest.scripts, ...missing(manifest.scripts) } });
}

const missing = (scripts: Record<string, string> = {}) =>
  Object.fromEntries(Object.entries(SCRIPTS).filter(([script]) => scripts[script] === undefined));

/** A worker and the application that start together would otherwise each remove the build of the other. */
function keepBuild(text: string | undefined): string {
  const settings: { compilerOptions?: Record<string, unknown> } = parse(text, 'nest-cli.json') ?? {};
  if (text !== undefined && settings.compilerOptions?.deleteOutDir === false) return text;
  return format({ ...settings, compilerOptions: { ...settings.compilerOptions, deleteOutDir: false } });
}

const format = (value: object) => `${JSON.stringify(value, undefined, 2)}\n`;

function parse(text: string | undefined, path: string): object | undefined {
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text) as object;
  } catch {
    throw new CliError(`${path} is no JSON`, EXIT.failed);
  }
}
