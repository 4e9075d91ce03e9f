import { withConnection, type Connection, type Needs } from './connection.js';
import { explain } from './errors.js';
import { EXIT, type ExitCode } from './exit-codes.js';
import type { Output } from './globals.js';

/** What was done with one, as JSON and for people. */
export interface Done {
  readonly answer: object;
  readonly line: string;
}

/** One after the other: a mistake in one does not keep the rest from being done. */
export function forEach(
  output: Output,
  which: readonly string[],
  needs: Needs,
  act: (connection: Connection, which: string) => Promise<Done>,
): Promise<ExitCode> {
  const each = async (connection: Connection): Promise<ExitCode> => {
    let worst: ExitCode = EXIT.ok;
    const done: object[] = [];
    for (const id of which)
      try {
        const { answer, line } = await act(connection, id);
        done.push(answer);
        if (!output.json) output.line(line);
      } catch (error) {
        const { code, message, exitCode, stack } = explain(error)!;
        if (stack !== undefined || exitCode === EXIT.unreachable) throw error;
        done.push({ id, error: { code, message } });
        if (!output.json) output.note(`${output.paint('red', 'error:')} ${message}`);
        worst = exitCode;
      }
    if (output.json) output.answer(done, () => undefined);
    return worst;
  };
  return withConnection(output.options, output.io, each, needs);
}
