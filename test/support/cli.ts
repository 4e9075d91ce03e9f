import { run } from '#dist/tasks/cli/program.js';
import type { Io } from '#dist/tasks/cli/terminal/io.js';

export interface CliAnswer {
  readonly code: number;
  /** What it wrote to its standard output. */
  readonly out: string;
  readonly err: string;
}

export interface CliOptions {
  /** Where it runs. Default: a folder without an embedded database. */
  readonly cwd?: string;
  /** A terminal of this width, instead of a pipe. */
  readonly columns?: number;
  readonly colour?: boolean;
  /** What the user answers to questions. Default: nobody is there to be asked. */
  readonly yes?: boolean;
  readonly interrupted?: AbortSignal;
  onOut?: (this: void, text: string) => void;
}

/** Runs a command line of `celeriac`, and catches all that it writes. */
export async function celeriac(args: readonly string[], options: CliOptions = {}): Promise<CliAnswer> {
  const { cwd = '/', columns, colour = false, yes = false, interrupted, onOut } = options;
  let [out, err] = ['', ''];
  const io: Io = {
    isTerminal: columns !== undefined,
    columns: columns ?? 100,
    colour,
    cwd,
    user: 'tester@here',
    interrupted: interrupted ?? new AbortController().signal,
    out(text) {
      out += text;
      onOut?.(text);
    },
    err: (text) => void (err += text),
    confirm: async () => yes,
  };
  const code = await run(args, io);
  return { code, out, err };
}
