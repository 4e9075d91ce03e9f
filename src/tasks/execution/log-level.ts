import { Logger, type LogLevel } from '@nestjs/common';
import type { RunWorkerOptions } from './run-worker.options.js';

/** The levels of Nest's loggers, the quietest first: each says what those before it say, too. */
export const LOG_LEVELS = [
  'fatal',
  'error',
  'warn',
  'log',
  'debug',
  'verbose',
] as const satisfies readonly LogLevel[];

/** From now on the log of this process says what this level says, and those before it. */
export function overrideLogLevel(level: LogLevel): void {
  Logger.overrideLogger(upTo(level));
}

/** Nest's options with a logger of this level: the application's own, when it can be told. */
export function atLevel(
  nest: NonNullable<RunWorkerOptions['nest']>,
  level: LogLevel | undefined,
): NonNullable<RunWorkerOptions['nest']> {
  if (level === undefined) return nest;
  const { logger } = nest;
  if (typeof logger !== 'object' || Array.isArray(logger))
    return Object.assign({}, nest, { logger: upTo(level) });
  logger.setLogLevels?.(upTo(level));
  return nest;
}

const upTo = (level: LogLevel): LogLevel[] => LOG_LEVELS.slice(0, LOG_LEVELS.indexOf(level) + 1);
