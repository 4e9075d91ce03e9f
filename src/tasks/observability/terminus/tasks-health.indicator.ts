import { Inject, Injectable } from '@nestjs/common';
import { HealthIndicatorService, type HealthIndicatorResult } from '@nestjs/terminus';
import { Administration } from '../../control/administration.js';
import { toMilliseconds, type Duration } from '../../duration.js';
import { TaskService } from '../../submission/task.service.js';

interface InTime {
  /** An answer that comes later is none. Default '3s'. */
  timeout?: Duration | undefined;
}

/** Options of `TasksHealthIndicator.hasWorkers()`. */
export interface WorkersHealthOptions extends InTime {
  /** How many workers must live. Default 1. */
  min?: number | undefined;
}

/** Options of `TasksHealthIndicator.isInTime()`. */
export interface QueuesHealthOptions extends InTime {
  /** How long a task that could be taken may have waited at most. */
  maxAge: Duration;
  /** The queues that are looked at. Default: all. */
  queues?: readonly string[] | undefined;
}

/** For health checks with `@nestjs/terminus`: name it among the providers of a module that imports `TerminusModule`. */
@Injectable()
export class TasksHealthIndicator {
  constructor(
    @Inject(HealthIndicatorService) private readonly indicators: HealthIndicatorService,
    @Inject(TaskService) private readonly tasks: TaskService,
    @Inject(Administration) private readonly administration: Administration,
  ) {}

  /**
   * Down when no task can be accepted: the database is away, or the process is about to end. Degraded without the
   * broker: tasks are accepted, and wait.
   */
  async isHealthy<const Key extends string = 'tasks'>(
    key: Key = 'tasks' as Key,
    { timeout = '3s' }: InTime = {},
  ): Promise<HealthIndicatorResult<Key>> {
    const check = this.indicators.check(key);
    try {
      const { broker, unpublished } = await inTime(this.tasks.health(), timeout);
      if (!broker.up) return check.degraded({ broker, unpublished, message: `the broker is away` });
      return check.up({ broker, unpublished });
    } catch (error) {
      return check.down((error as Error).message);
    }
  }

  /** Down when fewer workers live. */
  async hasWorkers<const Key extends string = 'workers'>(
    key: Key = 'workers' as Key,
    { min = 1, timeout = '3s' }: WorkersHealthOptions = {},
  ): Promise<HealthIndicatorResult<Key>> {
    const check = this.indicators.check(key);
    try {
      const workers = await inTime(this.administration.workers(), timeout);
      const online = workers.filter(({ alive }) => alive).length;
      if (online >= min) return check.up({ online });
      return check.down({ online, message: `expected at least ${min} living workers` });
    } catch (error) {
      return check.down((error as Error).message);
    }
  }

  /** Down when a task has waited for longer in a queue that is not paused; says in which, and for how many seconds. */
  async isInTime<const Key extends string = 'queues'>(
    key: Key,
    { maxAge, queues, timeout = '3s' }: QueuesHealthOptions,
  ): Promise<HealthIndicatorResult<Key>> {
    const maxAgeMs = toMilliseconds(maxAge, 'maxAge');
    const check = this.indicators.check(key);
    try {
      const all = await inTime(this.administration.queues(), timeout);
      const late = all.filter(
        ({ name, pausedAt, oldestMs }) =>
          pausedAt === null && (oldestMs ?? 0) > maxAgeMs && (queues?.includes(name) ?? true),
      );
      if (late.length === 0) return check.up();
      const seconds = late.map(({ name, oldestMs }) => [name, Math.round((oldestMs ?? 0) / 1000)]);
      return check.down({
        oldestSeconds: Object.fromEntries(seconds) as Record<string, number>,
        message: `tasks wait for longer than ${maxAgeMs / 1000} s`,
      });
    } catch (error) {
      return check.down((error as Error).message);
    }
  }
}

async function inTime<T>(answer: Promise<T>, timeout: Duration): Promise<T> {
  const ms = toMilliseconds(timeout, 'timeout');
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${ms} ms`)), ms);
  });
  try {
    return await Promise.race([answer, late]);
  } finally {
    clearTimeout(timer);
  }
}
