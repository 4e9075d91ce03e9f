import { InvalidOptionError } from '../errors.js';

const QUEUE_NAME = /^[A-Za-z0-9][\w.:-]{0,99}$/;

/** @throws InvalidOptionError */
export function assertQueueName(queue: unknown, option = 'queue'): string {
  if (typeof queue === 'string' && QUEUE_NAME.test(queue)) return queue;
  throw new InvalidOptionError(
    option,
    'a queue name of letters, digits, _ . : -, at most 100 characters',
    queue,
    'INVALID_QUEUE',
  );
}

/** @throws InvalidOptionError */
export function assertPriority(priority: unknown, option = 'priority'): number {
  if (Number.isInteger(priority) && (priority as number) >= 0 && (priority as number) <= 9)
    return priority as number;
  throw new InvalidOptionError(option, 'a whole number from 0 to 9 (9 first)', priority, 'INVALID_PRIORITY');
}
