import { describe, expect, it } from '@jest/globals';
import { SubmissionUncertainError } from '#dist/tasks/index.js';
import { FaultProxy } from '../support/fault-proxy.js';
import { connections, full, scenario, type Scenario } from '../support/fault-scenario.js';
import { createDatabase } from '../support/database.js';
import type { Verdict } from '../support/proxied-connection.js';
import { until } from '../support/until.js';

const n = full ? 2000 : 400;

/** A scenario whose producer reaches the database through a proxy only. */
async function producingThroughProxy(
  body: (scenario: Scenario, proxy: FaultProxy) => Promise<void>,
): Promise<void> {
  const database = await createDatabase();
  const proxy = await FaultProxy.inFrontOf(database.url);
  try {
    await scenario({ database, producerUrl: () => proxy.url }, (s) => body(s, proxy));
  } finally {
    await proxy.close();
  }
}

// fault 16
describe('replies that are lost after the statement has run', () => {
  it('makes no duplicate and no second ending: claim, finish and retry', async () => {
    await scenario({}, async (s) => {
      const proxy = await FaultProxy.inFrontOf(s.url);
      try {
        const accepted = new Map<string, unknown>(await s.append(n / 2, () => s.random.below(50)));
        const flaky = await Promise.all(Array.from({ length: n / 2 }, () => s.demo.flaky.delay(2)));
        for (const { id } of flaky) accepted.set(id, 3);
        const worker = await s.fleet.start({ url: proxy.url });
        const sometimes = () => s.random.next() < 0.2;
        const claims = proxy.loseReplies(
          s.broker.kind === 'postgres' ? 'celeriac.claim' : 'celeriac.claim-by-id',
          sometimes,
        );
        const finishes = proxy.loseReplies('celeriac.finish', sometimes);
        const retries = proxy.loseReplies('celeriac.defer', sometimes);

        const figures = await s.barB(accepted, 0, 90_000);
        for (const lost of [claims, finishes, retries]) expect(lost.length).toBeGreaterThan(2);
        const { rows } = await s.sql.query(
          `SELECT d.retries, d.attempt, count(*) FILTER (WHERE a.outcome = 'retried')::int AS noted, count(DISTINCT d.id)::int AS n
           FROM celeriac.task_done d JOIN celeriac.attempt a ON a.task_id = d.id
           WHERE d.name = 'demo.flaky' GROUP BY d.id, d.retries, d.attempt HAVING NOT
             (d.retries = 2 AND d.attempt = 3 AND count(*) FILTER (WHERE a.outcome = 'retried') = 2)`,
        );
        expect(rows).toEqual([]);
        expect(worker.isRunning).toBe(true);
        proxy.clear();
        await until(
          'it has no more connections than before',
          async () => (await connections(s.sql))['worker-0']! <= 12,
        );
        const lost = { claims: claims.length, finishes: finishes.length, retries: retries.length };
        s.report('16, worker', { n, ...lost, ...figures });
      } finally {
        await proxy.close();
      }
    });
  });

  it('makes no duplicate of a submission, not even of one that has ended by then', async () => {
    await producingThroughProxy(async (s, proxy) => {
      await s.fleet.start();
      const accepted = new Map<string, unknown>(await s.append(1, 0));
      let ended = 0;
      const inserts = proxy.loseReplies('celeriac.insert', () => s.random.next() < 0.5);
      for (let i = 0; i < n / 20; i++)
        for (const [id, line] of await s.append(10, () => s.random.below(30))) accepted.set(id, line);
      const commits = proxy.loseReplies('COMMIT', (_, count) => count % 2 === 0);
      for (let i = 0; i < 20; i++) for (const [id, line] of await s.append(5, 0)) accepted.set(id, line);

      // a broker is told by the relay only after the one who submits has given up
      const late = s.broker.kind === 'postgres' ? 10 : 0;
      // the answer is lost so late that a worker has finished the task meanwhile
      proxy.clear();
      proxy.afterReply('celeriac.insert', async ({ ids }): Promise<Verdict> => {
        const isDone = async () => {
          const { rows } = await s.sql.query('SELECT FROM celeriac.task_done WHERE id = ANY($1::uuid[])', [
            ids,
          ]);
          return rows.length === ids.length;
        };
        // the one who submits has told nobody yet
        await s.sql.query(`SELECT pg_notify('celeriac:celeriac', '{"q":["default"]}')`);
        await until('the task has ended', isDone, 10_000);
        ended++;
        return 'reset';
      });
      for (let i = 0; i < late; i++) for (const [id, line] of await s.append(1, 0)) accepted.set(id, line);
      proxy.clear();

      const figures = await s.barB(accepted, 0);
      expect(inserts.length).toBeGreaterThan(5);
      expect(commits.length).toBeGreaterThan(0);
      expect(ended).toBe(late);
      const lost = { inserts: inserts.length, commits: commits.length, 'ended before': ended };
      s.report('16, producer', { n: accepted.size, ...lost, ...figures });
    });
  });

  it('says that a submission is uncertain when the database stays away, and it then runs once', async () => {
    await producingThroughProxy(async (s, proxy) => {
      const accepted = new Map<string, unknown>(await s.append(1, 0));
      proxy.afterReply('celeriac.insert', () => {
        proxy.setMode('reset');
        return 'reset';
      });
      const line = 'uncertain';
      const error = await s.demo.append.delay(line, 0).catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(SubmissionUncertainError);
      accepted.set((error as SubmissionUncertainError).taskId, line);
      proxy.clear();
      await s.fleet.start();
      const figures = await s.barB(accepted, 0);
      s.report('16, uncertain', { n: 1, ...figures });
    });
  });
});
