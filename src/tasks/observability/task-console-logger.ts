import { ConsoleLogger, type LoggerService, type LogLevel } from '@nestjs/common';
import { TaskContext } from '../definition/task-context.js';
import { InvalidOptionError } from '../errors.js';

export const LOG_FORMATS = ['json', 'text'] as const;
/** `json`: an object a line, for machines. `text`: for people. */
export type LogFormat = (typeof LOG_FORMATS)[number];

/**
 * Nest's console logger; of what is logged while a task runs, by whatever code, it tells which task and attempt that
 * was. In JSON as `task: { id, name, attempt }`, and with `traceId` where the task belongs to a trace.
 */
export class TaskConsoleLogger extends ConsoleLogger {
  /** The same in another format. */
  inFormat(format: LogFormat): TaskConsoleLogger {
    const { colors: _ofTheOther, ...options } = this.options;
    return new TaskConsoleLogger({ ...options, json: format === 'json' });
  }

  protected override getJsonLogObject(
    ...args: Parameters<ConsoleLogger['getJsonLogObject']>
  ): ReturnType<ConsoleLogger['getJsonLogObject']> {
    return Object.assign(super.getJsonLogObject(...args), runningTask());
  }

  protected override formatContext(context: string): string {
    const { task } = runningTask();
    const said = super.formatContext(context);
    return task ? `${said}[${task.name} ${task.id} #${task.attempt}] ` : said;
  }
}

/**
 * The logger of a worker in this format.
 * @param given what Nest is given otherwise
 * @throws InvalidOptionError when that is a logger of another kind, which has a format of its own
 */
export function loggerInFormat(
  given: LoggerService | LogLevel[] | false | undefined,
  format: LogFormat,
): LoggerService | false {
  if (given === false) return false;
  if (given instanceof TaskConsoleLogger) return given.inFormat(format);
  if (given !== undefined && !Array.isArray(given))
    throw new InvalidOptionError('logFormat', 'a TaskConsoleLogger as nest.logger beside it, or none', given);
  return new TaskConsoleLogger({ json: format === 'json', ...(given && { logLevels: given }) });
}

interface RunningTaskFields {
  readonly task?: { readonly id: string; readonly name: string; readonly attempt: number };
  readonly traceId?: string;
}

function runningTask(): RunningTaskFields {
  const current = TaskContext.current();
  if (!current) return {};
  const { id, name, attempt, headers } = current;
  // of W3C Trace Context: version, trace, span, flags
  const traceId = /^[\da-f]{2}-([\da-f]{32})-/.exec(headers.traceparent ?? '')?.[1];
  return { task: { id, name, attempt }, ...(traceId !== undefined && { traceId }) };
}
