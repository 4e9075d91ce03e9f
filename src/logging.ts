import type { LogLevel } from '@nestjs/common';
import type { Environment } from './environment.js';
import { TaskConsoleLogger } from './tasks/index.js';

const LEVELS = ['verbose', 'debug', 'log', 'warn', 'error', 'fatal'] as const satisfies readonly LogLevel[];

/** Nest's logger at LOG_LEVEL and in LOG_FORMAT, which is JSON in production; it tells which task ran. */
export function createLogger({ LOG_LEVEL, LOG_FORMAT, NODE_ENV }: Environment): TaskConsoleLogger {
  const json = LOG_FORMAT === undefined ? NODE_ENV === 'production' : LOG_FORMAT === 'json';
  const lowest = LEVELS.indexOf(LOG_LEVEL === 'info' ? 'log' : LOG_LEVEL);
  return new StartLogger({ logLevels: LEVELS.slice(lowest), json });
}

/** Leaves out the stacks of what `startOrExplain()` says in a sentence when the process ends. */
class StartLogger extends TaskConsoleLogger {
  override error(message: unknown, ...more: unknown[]): void {
    const context = more.at(-1);
    // it is thrown as well
    if (context === 'ExceptionHandler') return;
    if (context !== 'TypeOrmModule') return super.error(message, ...more);
    // the stack of a connection that was refused tells no more than its first line
    const [reason] = String(more[0]).split('\n');
    super.warn(`${String(message)} ${reason}`, context);
  }
}
