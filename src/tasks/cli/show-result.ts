import { toTimerMs } from '../duration.js';
import { ResultTimeoutError } from '../errors.js';
import { isFinal } from '../store/states.js';
import type { TaskRecord } from '../submission/task-view.js';
import type { Connection } from './connection.js';
import { EXIT, type ExitCode } from './exit-codes.js';
import type { Output } from './globals.js';
import { styleOf } from './terminal/paint.js';
import { progressBar } from './terminal/progress-bar.js';

/** Waits for a task's end, shows how far it is, and its result. @throws TaskNotFoundError, ResultTimeoutError */
export async function showResult(
  connection: Connection,
  output: Output,
  id: string,
  { timeout }: { timeout?: string | undefined },
): Promise<ExitCode> {
  const timeoutMs = timeout === undefined ? undefined : toTimerMs(timeout, '--timeout');
  const record = await followed(connection, output, id, timeoutMs);
  if (!isFinal(record.state)) {
    if (timeoutMs === undefined) return EXIT.timeout;
    throw new ResultTimeoutError(id, timeoutMs, record.state);
  }
  output.answer(record, () => say(output, record));
  return record.state === 'SUCCESS' ? EXIT.ok : EXIT.failed;
}

/** The record at its end, or when the time is over or the user has had enough. */
async function followed(
  { tasks, administration }: Connection,
  output: Output,
  id: string,
  timeoutMs: number | undefined,
): Promise<TaskRecord> {
  const signals = [
    output.io.interrupted,
    ...(timeoutMs === undefined ? [] : [AbortSignal.timeout(timeoutMs)]),
  ];
  let record = await tasks.record(id);
  if (isFinal(record.state)) return record;
  const line = new StatusLine(output);
  if (record.state === 'PENDING' && record.dueAt === null && !(await administration.isAttended(record.queue)))
    output.warn(`no worker takes from the queue '${record.queue}': the task waits for one`);
  for await (const next of tasks.events(id, { signal: AbortSignal.any(signals) })) {
    record = next;
    line.show(record);
  }
  line.clear();
  return record;
}

/** One line of a terminal, written again and again. */
class StatusLine {
  private shown = false;

  constructor(private readonly output: Output) {}

  show({ state, progress, worker }: TaskRecord): void {
    const { io, paint, json } = this.output;
    if (!io.isTerminal || json || isFinal(state)) return;
    const name = paint(styleOf(state), state.padEnd(8));
    const rest = progress
      ? progressBar(progress, io.columns - 9, paint)
      : (worker === null ? '' : `on ${worker}`).slice(0, io.columns - 10);
    io.out(`\r\x1b[2K${name} ${rest}`);
    this.shown = true;
  }

  clear(): void {
    if (this.shown) this.output.io.out('\r\x1b[2K');
  }
}

function say(output: Output, { state, result, error, revokedReason, attempt, id }: TaskRecord): void {
  if (state === 'SUCCESS')
    return output.line(typeof result === 'string' ? result : JSON.stringify(result, undefined, 2));
  const what = output.paint(styleOf(state), state);
  if (state === 'REVOKED') return output.note(`${what} ${id}: ${revokedReason}`);
  output.note(`${what} ${id} in attempt ${attempt}: ${error?.name}: ${error?.message}`);
  if (error?.stack) output.note(output.paint('dim', error.stack.split('\n').slice(1, 6).join('\n')));
}
