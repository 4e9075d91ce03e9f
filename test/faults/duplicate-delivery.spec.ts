import { afterEach, describe, expect, it, jest } from '@jest/globals';
import type { TaskMessage } from '#dist/tasks/brokers/broker.js';
import { MemoryBroker } from '#dist/tasks/brokers/memory.broker.js';
import { DemoTasksModule } from '#dist/jobs/demo/demo-tasks.module.js';
import { DemoTasks } from '#dist/jobs/demo/demo.tasks.js';
import { createApplication } from '../support/application.js';
import { full, scenario } from '../support/fault-scenario.js';
import { openStore } from '../support/open-store.js';
import { assertBarB, watchEndings } from '../support/bar-b.js';
import { createDatabase } from '../support/database.js';
import { Ledger } from '../support/ledger.js';

const TIMES = 5;
const n = full ? 2000 : 500;

// fault 20
describe('a message delivered five times', () => {
  afterEach(() => {
    jest.restoreAllMocks();
  });

  it('is claimed once, in one call and in calls side by side', async () => {
    await scenario({}, async (s) => {
      const accepted = await s.append(n, 0);
      const messages = [...accepted.keys()].map((id) => ({ id, dispatch: 1 }));
      const opened = await openStore(s.url, TIMES);
      const { store, workers } = opened;
      const copies = s.random.shuffled(Array.from({ length: TIMES }, () => messages).flat());
      const calls: Promise<{ id: string }[]>[] = [];
      for (let i = 0; i < copies.length; i += 100)
        calls.push(store.claimById(s.random.pick(workers), copies.slice(i, i + 100), String(i + 1)));
      const claimed = (await Promise.all(calls)).flat().map((task) => task.id);
      const again = await store.claimById(workers[0]!, copies, '1');
      await opened.close();

      expect(claimed).toHaveLength(n);
      expect(new Set(claimed).size).toBe(n);
      expect(again).toEqual([]);
      s.report('20, by id', { n, times: TIMES, calls: calls.length });
    });
  });

  it('is claimed once when five workers race for the same rows', async () => {
    await scenario({}, async (s) => {
      await s.append(n, 0);
      const opened = await openStore(s.url, TIMES);
      const { store, workers } = opened;
      const places = [{ queue: 'default', priority: 0, from: '-infinity' }];
      let fence = 0;
      const takeAll = async (worker: string): Promise<string[]> => {
        const mine: string[] = [];
        // a row that is locked by another one just now is skipped: an empty answer is the end only when it comes twice
        for (let empty = 0; empty < 2;) {
          const claimed = await store.claim(worker, places, 7, String(++fence));
          if (claimed.length === 0) empty++;
          for (const task of claimed) mine.push(task.id);
        }
        return mine;
      };
      const shares = await Promise.all(workers.map(takeAll));
      await opened.close();

      const claimed = shares.flat();
      expect(claimed).toHaveLength(n);
      expect(new Set(claimed).size).toBe(n);
      expect(shares.filter((share) => share.length > 0)).toHaveLength(TIMES);
      s.report('20, racing claims', { n, shares: shares.map((share) => share.length).join('/') });
    });
  });

  it('runs once when the memory broker repeats every message', async () => {
    const database = await createDatabase();
    const ledger = await Ledger.create();
    let messages = 0;
    const { publish: original } = Object.getOwnPropertyDescriptors(MemoryBroker.prototype);
    jest.spyOn(MemoryBroker.prototype, 'publish').mockImplementation(async function (
      this: MemoryBroker,
      given: readonly TaskMessage[],
    ) {
      messages += given.length * TIMES;
      await original.value!.call(this, Array.from({ length: TIMES }, () => given).flat());
    });
    const application = await createApplication(
      database.url,
      { imports: [DemoTasksModule.forRoot({ ledger: ledger.path })] },
      { broker: 'memory://', workerEntry: new URL('../../dist/worker.js', import.meta.url) },
    );
    try {
      await watchEndings(database.sql);
      await application.startWorker({ concurrency: 50 });
      const { append } = application.tasks.of(DemoTasks);
      const jobs = Array.from({ length: n }, async (_, i) => {
        const { id } = await append.delay(`line-${i}`, 1);
        return [id, `line-${i}`] as const;
      });
      const accepted = new Map(await Promise.all(jobs));
      const figures = await assertBarB({ sql: database.sql, accepted, ledger, maxExtras: 0 });
      expect(messages).toBeGreaterThanOrEqual(n * TIMES);
      expect(figures).toEqual({ extras: 0, lost: 0, fenced: 0, released: 0 });
      process.stderr.write(`fault 20, memory: n ${n}, messages ${messages}, extras ${figures.extras}\n`);
    } finally {
      await application.close();
      await database.drop();
      await ledger.remove();
    }
  });
});
