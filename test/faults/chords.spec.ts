import { describe, expect, it } from '@jest/globals';
import { chain, group } from '#dist/tasks/index.js';
import { brokerOfThisRun } from '../support/broker-under-test.js';
import { full, scenario, type Scenario } from '../support/fault-scenario.js';
import type { RabbitServer } from '../support/rabbit-server.js';
import type { RedisServer } from '../support/redis-server.js';
import { until } from '../support/until.js';

const CONCURRENCY = 10;
const HEADER = 5;
const CHORDS = full ? 200 : 64;

/** `group(append × 5) → echo → append`: the end is written down once for each chord. */
async function submitChords(
  { demo, tasks }: Scenario,
  [from, to]: readonly [number, number],
  accepted: Map<string, unknown>,
): Promise<void> {
  for (let n = from; n < to; n++) {
    const lines = Array.from({ length: HEADER }, (_, i) => `header-${n}-${i}`);
    const header = group(lines.map((line) => demo.append.s(line, 200)));
    const { id } = await chain(header, demo.echo.s(), demo.append.si(`body-${n}`, 5)).delay();
    const { nodes } = await tasks.workflows.get(id);
    const results = [...lines, lines, `body-${n}`];
    nodes.forEach((node, i) => accepted.set(node.id, results[i]));
  }
}

/** Everything that the broker knows of ready tasks is gone. */
async function emptyBroker({ broker }: Scenario): Promise<void> {
  if (brokerOfThisRun === 'redis') await (broker.server as RedisServer).ask('FLUSHALL');
  if (brokerOfThisRun === 'amqp')
    // rabbitmqctl would take seconds, in which everything ends
    await (broker.server as RabbitServer).ask((channel) =>
      channel.purgeQueue('celeriac.celeriac.default.p9'),
    );
}

const ended = async ({ sql }: Scenario) =>
  (await sql.query<{ n: number }>('SELECT count(*)::int AS n FROM celeriac.task_done')).rows[0]!.n;

// fault 22
describe('chords whose workers are killed', () => {
  it('run every body once, with the broker emptied half-way', async () => {
    const kills = full ? 20 : 8;
    await scenario({ worker: { concurrency: CONCURRENCY } }, async (s) => {
      const accepted = new Map<string, unknown>();
      await s.fleet.startMany(2);
      const share = CHORDS / kills;
      for (let n = 1; n <= kills; n++) {
        // each kill finds something that runs
        await submitChords(s, [(n - 1) * share, n * share], accepted);
        if (n === kills / 2) {
          await emptyBroker(s);
          expect(await ended(s)).toBeLessThan(accepted.size);
        }
        const victim = s.random.pick(s.fleet.running);
        await until('it runs something', async () => (await victim.holds()).length > 0, 60_000);
        await victim.kill();
        await s.fleet.start();
      }
      const figures = await s.barB(accepted, kills * CONCURRENCY, 180_000);
      expect(figures.lost).toBeGreaterThan(0);
      const { rows } = await s.sql.query('SELECT FROM celeriac.task_done WHERE state <> $1', ['SUCCESS']);
      expect(rows).toHaveLength(0);
      s.report('22', { chords: CHORDS, tasks: accepted.size, kills, ...figures });
    });
  });
});
