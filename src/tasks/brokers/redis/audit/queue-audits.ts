import { Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { ModuleRef } from '@nestjs/core';
import { getQueueToken } from '@nestjs/bullmq';
import { RedisQueueBackend, type Queue } from 'bullmq';
import { InvalidOptionError } from '../../../errors.js';
import { roleHere } from '../../../execution/pools/role.js';
import type { JobRecorder } from '../../../observability/job-recorder.js';
import { QueueAudit } from './queue-audit.js';

/** Records the jobs of the application's own queues of BullMQ. */
@Injectable()
export class QueueAudits implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly audits: QueueAudit[] = [];

  constructor(
    private readonly modules: ModuleRef,
    private readonly recorder: JobRecorder,
    private readonly queues: readonly string[],
  ) {}

  /** @throws InvalidOptionError */
  onApplicationBootstrap(): void {
    // where isolated tasks run may be killed at any moment
    if (roleHere() === 'isolated') return;
    const queues = this.queues.map((name, i) => this.find(name, `audit[${i}]`));
    for (const queue of queues) this.audits.push(new QueueAudit(queue, this.recorder));
    for (const audit of this.audits) audit.start();
  }

  async onModuleDestroy(): Promise<void> {
    await Promise.all(this.audits.map((audit) => audit.stop()));
  }

  private find(name: string, option: string): Queue {
    let queue: Queue;
    try {
      queue = this.modules.get<Queue>(getQueueToken(name), { strict: false });
    } catch {
      throw new InvalidOptionError(option, 'the name of a queue that BullModule.registerQueue() has', name);
    }
    if (queue.backend instanceof RedisQueueBackend) return queue;
    throw new InvalidOptionError(option, 'a queue in Redis', `'${name}' in another database`);
  }
}
