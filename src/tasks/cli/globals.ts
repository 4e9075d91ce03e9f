import { Option, type Command } from 'commander';
import { painter, type Paint } from './terminal/paint.js';
import type { Io } from './terminal/io.js';
import { table, type Column } from './terminal/table.js';

/** Options that every command takes, before or after its name. */
export interface GlobalOptions {
  readonly databaseUrl?: string | undefined;
  readonly directDatabaseUrl?: string | undefined;
  readonly broker?: string;
  readonly schema: string;
  readonly json?: boolean;
  readonly color: boolean;
}

export function addGlobalOptions(program: Command): Command {
  return program
    .addOption(
      new Option(
        '--database-url <url>',
        'the database of the records; without it the embedded one in .celeriac',
      ).env('DATABASE_URL'),
    )
    .addOption(
      new Option('--direct-database-url <url>', 'the same past a transaction pooler').env(
        'DIRECT_DATABASE_URL',
      ),
    )
    .addOption(new Option('-b, --broker <url>', 'the broker; without it the database').env('BROKER_URL'))
    .option('--schema <name>', 'the schema of the records', 'celeriac')
    .option('--json', 'answer as JSON')
    .option('--no-color', 'without colours, as with NO_COLOR=1');
}

/** An empty URL counts as none: that is what Compose makes of `${DIRECT_DATABASE_URL:-}`. */
export function globalOptions(command: Command): GlobalOptions {
  const options = command.optsWithGlobals<GlobalOptions>();
  return {
    ...options,
    databaseUrl: options.databaseUrl || undefined,
    directDatabaseUrl: options.directDatabaseUrl || undefined,
  };
}

/** How a command answers: for people, or as JSON. */
export class Output {
  readonly paint: Paint;

  constructor(
    readonly io: Io,
    readonly options: GlobalOptions,
  ) {
    this.paint = painter(io.colour && options.color && !options.json);
  }

  get json(): boolean {
    return this.options.json === true;
  }

  /** The one answer of a command with --json; `people` makes the other. */
  answer(value: unknown, people: () => void): void {
    if (this.json) this.io.out(`${JSON.stringify(value, undefined, 2)}\n`);
    else people();
  }

  line(text = ''): void {
    this.io.out(`${text}\n`);
  }

  table(columns: readonly Column[], rows: readonly (readonly string[])[]): void {
    const width = this.io.isTerminal ? this.io.columns : Number.POSITIVE_INFINITY;
    this.io.out(table(columns, rows, { columns: width, paint: this.paint }));
  }

  /** Beside the answer, so that a pipe gets the answer alone. */
  note(text: string): void {
    this.io.err(`${text}\n`);
  }

  warn(text: string): void {
    this.note(this.paint('yellow', `warning: ${text}`));
  }
}
