import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, expect, it } from '@jest/globals';
import { Queue } from 'bullmq';
import { QueueAudit } from '#dist/tasks/brokers/redis/audit/queue-audit.js';
import { JobRecorder } from '#dist/tasks/observability/job-recorder.js';
import type { JobStore, Step } from '#dist/tasks/store/job-store.js';
import { describeUnless } from '../support/prerequisite.js';
import { RedisServer, redisMissing } from '../support/redis-server.js';
import { until } from '../support/until.js';

/** A store of which a test says what it has. */
function storeOf(has: Partial<JobStore>): JobStore {
  const nothing = {
    hold: async () => ({ cursor: '0-0', missed: false }),
    letGo: async () => undefined,
    known: async () => new Map(),
    live: async () => [],
    write: async () => true,
    dropOld: async () => false,
  };
  return { ...nothing, ...has } as unknown as JobStore;
}

describeUnless(redisMissing)('the audit of a queue', () => {
  let redis: RedisServer;
  let queue: Queue;
  let audit: QueueAudit | undefined;
  beforeAll(async () => {
    redis = await RedisServer.create();
    queue = new Queue('emails', { connection: { port: redis.port } });
    // with an event to read it need not wait for one
    await queue.add('x', {});
  });
  afterEach(() => audit?.stop());
  afterAll(async () => {
    await queue?.close();
    await redis?.remove();
  });

  const begin = (has: Partial<JobStore>) => {
    const observer = { count: () => undefined } as never;
    audit = new QueueAudit(queue, new JobRecorder(storeOf(has), { changed: () => undefined }, observer));
    audit.start();
  };

  it('catches up for as long as it holds the queue, and says that it does', async () => {
    const written: Step[] = [];
    let holds = 0;
    let looks = 0;
    begin({
      hold: async () => (++holds === 4 ? undefined : { cursor: '0-0', missed: holds < 4 }),
      live: async () => (++looks < 1000 ? [randomUUID()] : []),
      write: async (step) => written.push(step) > 0,
    });
    await until('another process has it', () => holds >= 4);
    await audit!.stop();
    // one hold for the round, and one for each look; the fourth was refused
    expect(looks).toBe(2);
    expect(written.slice(0, 3).map(({ missed }) => missed)).toEqual([true, true, true]);
  });

  it('forgets ended jobs without a pause while there are more', async () => {
    let drops = 0;
    let rounds = 0;
    begin({
      hold: async () => ({ cursor: '0-0', missed: ++rounds < 0 }),
      dropOld: async () => ++drops < 3,
    });
    await until('it has gone on', () => rounds > 5);
    expect(drops).toBe(3);
  });
});
