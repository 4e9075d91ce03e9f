import { Module, type DynamicModule } from '@nestjs/common';
import { BullModule } from '@nestjs/bullmq';
import { assertQueueName } from '../../definition/option-checks.js';
import { InvalidOptionError } from '../../errors.js';
import { Broker } from '../broker.js';
import { RedisBroker } from './redis.broker.js';
import { queueNameOf } from './redis-message.js';

export interface TasksBullModuleOptions {
  /** The queues of tasks to be had with `@InjectQueue()`, QueueEvents and dashboards of BullMQ. */
  readonly queues: readonly string[];
}

/**
 * Shows queues of tasks to what knows BullMQ: `@InjectQueue('images')`, `@QueueEventsListener('images')`, bull-board. To
 * look at, to pause and to count: tasks are submitted with TaskService, and what else is added is put aside as failed.
 */
@Module({})
export class TasksBullModule {
  /** @throws InvalidOptionError; at start also when the broker is not Redis */
  static forRoot({ queues }: TasksBullModuleOptions): DynamicModule {
    if (!Array.isArray(queues) || queues.length === 0)
      throw new InvalidOptionError('queues', 'an array of at least one queue name', queues);
    const registered = BullModule.registerQueueAsync(
      ...queues.map((queue, i) => {
        const name = queueNameOf(assertQueueName(queue, `queues[${i}]`));
        return {
          name,
          inject: [Broker],
          useFactory: (broker: Broker) => ({ name, ...bullOptions(broker) }),
        };
      }),
    );
    return { module: TasksBullModule, global: true, imports: [registered], exports: [registered] };
  }
}

function bullOptions(broker: Broker) {
  if (broker instanceof RedisBroker) return broker.bullOptions();
  throw new InvalidOptionError('broker', 'redis://… for TasksBullModule', broker.kind);
}
