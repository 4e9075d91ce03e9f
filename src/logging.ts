import { ConsoleLogger, type LogLevel } from '@nestjs/common';
import type { Environment } from './environment.js';

const LEVELS = ['verbose', 'debug', 'log', 'warn', 'error', 'fatal'] as const satisfies readonly LogLevel[];

/** Nest's logger at LOG_LEVEL, in JSON in production. */
export function createLogger({ LOG_LEVEL, NODE_ENV }: Environment): ConsoleLogger {
  const lowest = LEVELS.indexOf(LOG_LEVEL === 'info' ? 'log' : LOG_LEVEL);
  return new ConsoleLogger({ logLevels: LEVELS.slice(lowest), json: NODE_ENV === 'production' });
}
