import { Queue, Worker } from 'bullmq';
import { Redis } from 'ioredis';
import { inLanes, rate } from './harness.js';

const QUEUE = 'bare';

/** BullMQ as its documentation shows it, which records nothing but the queue itself. */
export class BareBullMq {
  private readonly connection: Redis;
  private readonly queue: Queue;

  constructor(url: string) {
    this.connection = new Redis(url, { maxRetriesPerRequest: null });
    this.queue = new Queue(QUEUE, { connection: this.connection });
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

  /** Jobs a second of one worker, from its start until the last job is completed. */
  async work(count: number, concurrency: number): Promise<number> {
    let done = 0;
    return rate(count, async () => {
      const worker = new Worker<[number, number]>(QUEUE, async ({ data: [x, y] }) => x + y, {
        connection: this.connection,
        concurrency,
      });
      await new Promise<void>((resolve) => worker.on('completed', () => ++done === count && resolve()));
      await worker.close();
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
