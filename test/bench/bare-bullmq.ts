import { Queue } from 'bullmq';
import { Redis } from 'ioredis';
import { BenchChild } from './child.js';
import { timed, type Measured } from './broker-loads.js';
import { inLanes, rate } from './harness.js';

export const BARE_QUEUE = 'bare';

/** BullMQ as its documentation shows it, which records nothing but the queue itself. */
export class BareBullMq {
  private readonly connection: Redis;
  private readonly queue: Queue;

  constructor(private readonly url: string) {
    this.connection = new Redis(url, { maxRetriesPerRequest: null });
    this.queue = new Queue(BARE_QUEUE, { connection: this.connection });
  }

  /** `queue.add()` with so many in flight. */
  add(count: number, inFlight: number, data: unknown = [2, 3]): Promise<number> {
    let left = count;
    return rate(count, () =>
      inLanes(inFlight, async () => {
        if (left-- <= 0) return false;
        await this.queue.add('add', data, { removeOnComplete: true, removeOnFail: true });
        return true;
      }),
    );
  }

  async fill(count: number, data: unknown = [2, 3]): Promise<void> {
    const opts = { removeOnComplete: true, removeOnFail: true };
    for (let left = count; left > 0; left -= 1000)
      await this.queue.addBulk(
        Array.from({ length: Math.min(1000, left) }, () => ({ name: 'add', data, opts })),
      );
  }

  /** Jobs a second of workers that start now, until the last job is completed. */
  async work(count: number, concurrency: number, processes = 1): Promise<Measured> {
    const children = await Promise.all(
      Array.from({ length: processes }, () =>
        BenchChild.open('./bullmq-child.js', [this.url, String(concurrency)]),
      ),
    );
    return timed(children, count, async () => {
      const { wait = 0, active = 0 } = await this.queue.getJobCounts('wait', 'active');
      return wait + active === 0;
    });
  }

  async clear(): Promise<void> {
    await this.queue.obliterate({ force: true });
  }

  async close(): Promise<void> {
    await this.queue.close();
    await this.connection.quit();
  }
}
