import { InvalidOptionError } from '../errors.js';
import { assertQueueName } from './option-checks.js';

/**
 * Queues by the names of tasks, for tasks and calls that name none: patterns, in which `*` stands for any characters,
 * or a function. The first pattern that fits counts; undefined or no fitting one: the default queue.
 * @example { 'images.*': 'images', '*.report': 'slow' }
 */
export type TaskRoutes =
  Readonly<Record<string, string>> | ((name: string, args: readonly unknown[]) => string | undefined);

export type Router = (name: string, args: readonly unknown[]) => string | undefined;

/** @throws InvalidOptionError; the router throws it when its function names no queue */
export function readRoutes(routes: TaskRoutes): Router {
  if (typeof routes === 'function')
    return (name, args) => {
      const queue = routes(name, args);
      return queue === undefined ? undefined : assertQueueName(queue, `routes('${name}')`);
    };
  if (typeof routes !== 'object' || routes === null)
    throw new InvalidOptionError('routes', 'an object of queues by patterns, or a function', routes);
  const patterns = Object.entries(routes).map(([pattern, queue]) => ({
    fits: toExpression(pattern),
    queue: assertQueueName(queue, `routes['${pattern}']`),
  }));
  return (name) => patterns.find(({ fits }) => fits.test(name))?.queue;
}

/** What names a pattern fits. @throws InvalidOptionError */
export function toExpression(pattern: string): RegExp {
  assertPattern(pattern, 'routes');
  return new RegExp(`^${pattern.replaceAll(/[.]/g, '\\.').replaceAll('*', '.*')}$`);
}

/** @throws InvalidOptionError */
export function assertPattern(pattern: string, option: string): void {
  if (!/^[\w.:*-]{1,200}$/.test(pattern))
    throw new InvalidOptionError(option, "patterns of a task's name and *", pattern);
}
