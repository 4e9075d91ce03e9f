import { Module, type DynamicModule } from '@nestjs/common';
import { ModuleRef } from '@nestjs/core';
import { BullModule } from '@nestjs/bullmq';
import { assertQueueName } from '../../definition/option-checks.js';
import { InvalidOptionError } from '../../errors.js';
import { JobRecorder } from '../../observability/job-recorder.js';
import { Broker } from '../broker.js';
import { QueueAudits } from './audit/queue-audits.js';
import { RedisBroker } from './redis.broker.js';
import { queueNameOf } from './redis-message.js';

/** Options of `TasksBullModule.forRoot()`. */
export interface TasksBullModuleOptions {
  /** The queues of tasks to be had with `@InjectQueue()`, QueueEvents and dashboards of BullMQ. Default: none. */
  readonly queues?: readonly string[] | undefined;
  /**
   * Your own queues of BullMQ, registered by `BullModule.registerQueue()`, whose jobs are recorded as tasks are, while
   * their processors stay as they are. Works with every broker. Default: none.
   */
  readonly audit?: readonly string[] | undefined;
}

/**
 * Between tasks and BullMQ. `queues` shows queues of tasks to what knows BullMQ: `@InjectQueue('images')`,
 * `@QueueEventsListener('images')`, bull-board. To look at, to pause and to count: tasks are submitted with TaskService,
 * and what else is added is put aside as failed. `audit` shows jobs of BullMQ to what knows tasks: lists, searches, the
 * dashboard and statistics.
 */
@Module({})
export class TasksBullModule {
  /** @throws InvalidOptionError; at start also when `queues` are given and the broker is not Redis, or a queue of `audit` is not registered */
  static forRoot({ queues = [], audit = [] }: TasksBullModuleOptions): DynamicModule {
    for (const [option, names] of Object.entries({ queues, audit }))
      if (!Array.isArray(names)) throw new InvalidOptionError(option, 'an array of queue names', names);
    if (queues.length + audit.length === 0)
      throw new InvalidOptionError('queues', 'at least one queue name, here or in audit', queues);
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
    const audits = {
      provide: QueueAudits,
      inject: [ModuleRef, JobRecorder],
      useFactory: (modules: ModuleRef, recorder: JobRecorder) => new QueueAudits(modules, recorder, audit),
    };
    return {
      module: TasksBullModule,
      global: true,
      imports: [registered],
      providers: audit.length > 0 ? [audits] : [],
      exports: [registered],
    };
  }
}

function bullOptions(broker: Broker) {
  if (broker instanceof RedisBroker) return broker.bullOptions();
  throw new InvalidOptionError('broker', 'redis://… for TasksBullModule', broker.kind);
}
