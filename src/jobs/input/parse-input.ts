import type { z } from 'zod';
import { InvalidOptionError } from '../../tasks/index.js';

/**
 * A task's input by its schema, with defaults in their places.
 * @throws InvalidOptionError naming the first part that is wrong; a task that throws it is not tried again
 */
export function parseInput<S extends z.ZodType>(schema: S, given: unknown): z.output<S> {
  const { data, error } = schema.safeParse(given, { reportInput: true });
  if (!error) return data;
  const issue = error.issues[0]!;
  throw new InvalidOptionError(
    ['input', ...issue.path].join('.'),
    issue.message,
    issue.input,
    'INVALID_INPUT',
  );
}
