import type { Command } from 'commander';
import { startEmbeddedPostgres } from '../../embedded/embedded-postgres.js';
import { migrate } from '../../store/migrate.js';
import { join } from 'node:path';
import { findDatabase } from '../connection.js';
import { EXIT, type ExitCode } from '../exit-codes.js';
import type { Output } from '../globals.js';
import type { Acts } from '../program.js';
import { plural } from '../terminal/words.js';

interface MigrateFlags {
  readonly check?: boolean;
  readonly embedded?: boolean;
}

export function addMigrate(program: Command, acts: Acts): void {
  const command = program
    .command('migrate')
    .description('Brings the schema of the records up to date, while other processes wait.')
    .option('--check', 'change nothing: exit with 1 when something is to be done')
    .option('--embedded', 'in the embedded database of this folder, made if it is not there');
  acts(command, run);
}

async function run(output: Output, { check = false, embedded }: MigrateFlags): Promise<ExitCode> {
  const { schema, directDatabaseUrl } = output.options;
  const database = embedded
    ? await startEmbeddedPostgres({ directory: join(output.io.cwd, '.celeriac/postgres') })
    : await findDatabase(output.options, output.io);
  try {
    const count = await migrate(database.url, { schema, directUrl: directDatabaseUrl, check });
    output.answer({ schema, pending: check ? count : 0, applied: check ? 0 : count }, () => {
      if (count === 0) output.line(`the schema '${schema}' is up to date`);
      else if (check) output.line(`${plural(count, 'migration')} of the schema '${schema}' to be done`);
      else output.line(`${plural(count, 'migration')} of the schema '${schema}' done`);
    });
    return check && count > 0 ? EXIT.failed : EXIT.ok;
  } finally {
    await database.release();
  }
}
