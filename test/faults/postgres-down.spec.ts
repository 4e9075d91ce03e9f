import { describe, expect, it } from '@jest/globals';
import { setTimeout as sleep } from 'node:timers/promises';
import { ApiProcess, type Answer } from '../support/api-process.js';
import { full } from '../support/fault-scenario.js';
import { startPrivatePostgres } from '../support/private-postgres.js';
import { until } from '../support/until.js';

const UUID = /[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/;
const down = full ? 60_000 : 6000;

// fault 15
describe('the API while Postgres is down', () => {
  it('refuses within two seconds, never accepts, and works again after', async () => {
    const { server, database } = await startPrivatePostgres();
    let api: ApiProcess | undefined;
    try {
      api = await ApiProcess.start(database.url);
      const submit = () => api!.submit('math.add', { args: [1, 2] });
      const accepted = new Set<string>();
      const accept = ({ status, body }: Answer) => {
        if (status === 202) accepted.add(body.id!);
        return status === 202;
      };
      expect(accept(await submit())).toBe(true);

      // some are on their way when it is killed
      const onTheirWay = Array.from({ length: 50 }, submit);
      await server.kill();
      const uncertain = new Set<string>();
      for (const answer of await Promise.all(onTheirWay)) {
        if (accept(answer)) continue;
        expect(answer).toMatchObject({ status: 503, retryAfter: expect.any(String) });
        if (answer.body.code === 'SUBMISSION_UNCERTAIN') uncertain.add(UUID.exec(answer.body.message!)![0]);
      }

      const answers: Answer[] = [];
      const end = performance.now() + down;
      while (performance.now() < end) {
        answers.push(...(await Promise.all([submit(), submit()])));
        await sleep(100);
      }
      for (const answer of answers)
        expect(answer).toMatchObject({
          status: 503,
          retryAfter: expect.stringMatching(/^\d+$/),
          body: { code: 'STORE_UNAVAILABLE' },
        });
      const slowest = Math.max(...answers.map((answer) => answer.ms));
      expect(slowest).toBeLessThan(2000);
      const status = await fetch(`${api.url}/tasks/${[...accepted][0]!}`);
      expect(status.status).toBe(503);

      await server.start();
      const since = performance.now();
      await until('it accepts again', async () => accept(await submit()), 10_000);
      const back = Math.round(performance.now() - since);
      const { rows } = await database.sql.query<{ id: string }>('SELECT id FROM celeriac.task');
      const stored = rows.map((row) => row.id);
      expect(stored).toEqual(expect.arrayContaining([...accepted]));
      // what was refused for certain is not there
      expect(stored.filter((id) => !accepted.has(id) && !uncertain.has(id))).toEqual([]);
      process.stderr.write(
        `fault 15: down for ${down} ms, accepted ${accepted.size}, uncertain ${uncertain.size}, refused ${answers.length}, slowest ${Math.round(slowest)} ms, back after ${back} ms\n`,
      );
    } catch (error) {
      if (error instanceof Error) error.message += `\n${api?.log}`;
      throw error;
    } finally {
      await api?.kill();
      await database.drop();
    }
  });
});
