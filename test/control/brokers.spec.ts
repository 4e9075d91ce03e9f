import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { RemoteControl } from '#dist/tasks/index.js';
import { createApplication, type TestApplication } from '../support/application.js';
import { startBroker, type BrokerKind, type BrokerUnderTest } from '../support/broker-under-test.js';
import { createDatabase, type TestDatabase } from '../support/database.js';
import { WorkerFleet } from '../support/worker-fleet.js';

for (const kind of ['redis', 'amqp'] as const satisfies readonly BrokerKind[])
  describe(`remote control of a worker on ${kind}`, () => {
    let database: TestDatabase;
    let broker: BrokerUnderTest;
    let application: TestApplication;
    let remote: RemoteControl;
    let fleet: WorkerFleet;

    beforeAll(async () => {
      [database, broker] = await Promise.all([createDatabase(), startBroker(kind)]);
      application = await createApplication(
        database.url,
        {},
        { allowUnknownTasks: true, broker: broker.url },
      );
      remote = application.app.get(RemoteControl);
      fleet = new WorkerFleet(database.sql, {
        url: database.url,
        concurrency: 1,
        env: { BROKER_URL: broker.url },
      });
      await fleet.start();
    });
    afterAll(async () => {
      await fleet.kill();
      await application.close();
      await broker.remove();
      await database.drop();
    });

    const tell = async (...[command, params]: Parameters<RemoteControl['control']>) => {
      const { replies, missing } = await remote.control(command, params, { timeout: '10s' });
      expect(missing).toEqual([]);
      expect(replies).toMatchObject([{ ok: true }]);
    };
    const waits = (queue = 'default') => application.tasks.submit('demo.echo', ['through'], { queue });

    it('asks it, pauses and resumes it, and changes its queues and how much it does at once', async () => {
      expect((await remote.inspect('stats', {}, { timeout: '10s' })).replies).toMatchObject([
        { value: { broker: kind, slots: 1 } },
      ]);
      await tell('pause', {});
      const paused = await waits();
      await expect(paused.get({ timeout: 300 })).rejects.toThrow('still PENDING');
      await tell('resume', {});
      expect(await paused.get({ timeout: '60s' })).toBe('through');

      await tell('cancel_consumer', { queue: 'extra' });
      const extra = await waits('extra');
      await expect(extra.get({ timeout: 300 })).rejects.toThrow('still PENDING');
      await tell('add_consumer', { queue: 'extra' });
      expect(await extra.get({ timeout: '60s' })).toBe('through');

      const blocking = await application.tasks.submit('demo.sleep', [60_000]);
      const behind = await waits();
      await expect(behind.get({ timeout: 300 })).rejects.toThrow('still PENDING');
      await tell('pool_grow', { n: 1 });
      expect(await behind.get({ timeout: '60s' })).toBe('through');
      expect((await remote.inspect('active', {}, { timeout: '10s' })).replies).toMatchObject([
        { value: [{ id: blocking.id }] },
      ]);
      await application.tasks.revoke(blocking.id, { terminate: true });
      await tell('shutdown', {});
      expect((await fleet.running[0]?.ended()) ?? { code: 0 }).toMatchObject({ code: 0 });
    });
  });
