import { assertQueueName } from '../../definition/option-checks.js';
import { assertSchemaName } from '../../store/schema-name.js';
import { Topology } from './topology.js';

/** What a queue of tasks is called in RabbitMQ. */
export interface RabbitQueueNames {
  /** What is ready waits here, one message a task. */
  readonly ready: string;
  /** Messages that are none of ours are put aside here. */
  readonly dead: string;
}

/**
 * The queues that stand for a queue of tasks, for policies, alerts and a look with a client of your own.
 * @param queue as `@Task({ queue })` has it
 * @param schema as `TasksModule.forRoot({ schema })` has it. Default 'celeriac'.
 * @throws InvalidOptionError
 */
export function rabbitQueueNames(queue: string, schema = 'celeriac'): RabbitQueueNames {
  const topology = new Topology(assertSchemaName(schema));
  const name = assertQueueName(queue);
  return { ready: topology.queue(name), dead: topology.dead(name) };
}
