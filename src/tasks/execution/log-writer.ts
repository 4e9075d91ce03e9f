import { Logger } from '@nestjs/common';
import type { TaskLogger } from '../definition/task-logger.js';
import { LOG_LEVELS, type LogLevel, type LogStore, type NewLogLine } from '../store/log-store.js';
import type { TaskChannel } from '../store/task-channel.js';

const INTERVAL_MS = 200;
const MAX_BATCH = 1000;
/** Of one attempt; one more line says that others were left out. */
const MAX_LINES = 1000;
const MAX_CHARACTERS = 256 * 1024;
const MAX_MESSAGE = 8 * 1024;
/** Lines that wait to be written, of all tasks. */
const CAPACITY = 20_000;

interface Attempt {
  readonly id: string;
  readonly name: string;
  readonly attempt: number;
}

/** Writes the lines of every running task together. */
export class LogWriter {
  private waiting: NewLogLine[] = [];
  private timer: NodeJS.Timeout | undefined;
  private writing: Promise<void> | undefined;

  constructor(
    private readonly store: Pick<LogStore, 'add'>,
    private readonly channel: Pick<TaskChannel, 'changed'>,
  ) {}

  /** The logger of one attempt, which counts what it may still keep. */
  loggerOf({ id, name, attempt }: Attempt): TaskLogger {
    const nest = new Logger(name);
    let line = 0;
    let characters = 0;
    const keep = (level: LogLevel, message: string): void => {
      if (line > MAX_LINES || characters > MAX_CHARACTERS) return;
      line++;
      characters += message.length;
      const full = line > MAX_LINES || characters > MAX_CHARACTERS;
      this.add({
        taskId: id,
        attempt,
        line,
        at: new Date().toISOString(),
        level: full ? 'warn' : level,
        message: full ? 'more lines were logged: of one attempt no more are kept' : message,
      });
    };
    const say = (level: LogLevel) => (given: string) => {
      const message = clean(typeof given === 'string' ? given : String(given));
      nest[level](`${id}: ${message}`);
      keep(level, message);
    };
    return Object.fromEntries(LOG_LEVELS.map((level) => [level, say(level)])) as unknown as TaskLogger;
  }

  /** Writes what waits. */
  async stop(): Promise<void> {
    while (this.waiting.length > 0 || this.writing) {
      clearTimeout(this.timer);
      this.timer = undefined;
      if (!(await this.write())) return;
    }
  }

  private add(line: NewLogLine): void {
    if (this.waiting.length >= CAPACITY) return;
    this.waiting.push(line);
    this.timer ??= setTimeout(() => void this.write(), INTERVAL_MS);
  }

  /** @returns whether they were written; a line is worth no retry */
  private async write(): Promise<boolean> {
    await this.writing;
    this.timer = undefined;
    const lines = this.waiting.splice(0, MAX_BATCH);
    if (lines.length === 0) return true;
    let written = true;
    this.writing = this.store
      .add(lines)
      .then(() => this.channel.changed([...new Set(lines.map((each) => each.taskId))]))
      .catch(() => {
        written = false;
      });
    await this.writing;
    this.writing = undefined;
    if (this.waiting.length > 0) this.timer ??= setTimeout(() => void this.write(), INTERVAL_MS);
    return written;
  }
}

/** Postgres can store neither NUL nor lone surrogates. */
function clean(message: string): string {
  const cut = message.length > MAX_MESSAGE ? `${message.slice(0, MAX_MESSAGE)}…` : message;
  return cut.replaceAll('\0', '\uFFFD').toWellFormed();
}
