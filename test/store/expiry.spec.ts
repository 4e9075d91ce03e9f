import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Injectable } from '@nestjs/common';
import { Task } from '#dist/tasks/index.js';
import { newFence } from '#dist/tasks/store/fence.js';
import type { AttemptOutcome } from '#dist/tasks/store/states.js';
import type { ClaimedTask } from '#dist/tasks/store/statements/claim.js';
import { createApplication, type TestApplication } from '../support/application.js';
import { createDatabase, type TestDatabase } from '../support/database.js';
import { openStore, type OpenStore } from '../support/open-store.js';

@Injectable()
class TimelyTasks {
  @Task({ expires: '1h' })
  work(): void {}
}

describe('a task that is to be started within a time', () => {
  let database: TestDatabase;
  let application: TestApplication;
  let opened: OpenStore;

  beforeAll(async () => {
    database = await createDatabase();
    application = await createApplication(database.url, { providers: [TimelyTasks] });
    opened = await openStore(database.url, 2);
  });
  afterAll(async () => {
    await opened.close();
    await application.close();
    await database.drop();
  });

  const begin = async (worker = opened.workers[0]!): Promise<ClaimedTask> => {
    const { id } = await application.tasks.of(TimelyTasks).work.delay();
    return (await opened.store.claimById(worker, [{ id, dispatch: 1 }], newFence()))[0]!;
  };
  const ends = async ({ id, fence, dispatch }: ClaimedTask, outcome: AttemptOutcome): Promise<void> => {
    const how = { state: 'PENDING', delayMs: 0, counted: true, charged: false, error: null } as const;
    await opened.store.defer(opened.workers[0]!, [{ ...how, id, fence, dispatch, outcome, progress: null }]);
  };
  /** Its time is over. */
  const isRevoked = async ({ id }: ClaimedTask): Promise<boolean> => {
    await database.sql.query(
      `UPDATE celeriac.task SET expires_at = now() WHERE id = $1 AND expires_at IS NOT NULL`,
      [id],
    );
    return (await opened.store.expire(100)).rows.some((row) => row.id === id);
  };

  for (const outcome of ['released', 'lost', 'snoozed'] as const)
    it(`has been, also when its attempt is ${outcome}`, async () => {
      const task = await begin();
      await ends(task, outcome);
      expect(await isRevoked(task)).toBe(false);
    });

  for (const outcome of ['retried', 'unknown'] as const)
    it(`is to be started again within it when its attempt is ${outcome}`, async () => {
      const task = await begin();
      await ends(task, outcome);
      expect(await isRevoked(task)).toBe(true);
    });

  it('has been, also when its worker died', async () => {
    const { store, workers } = opened;
    const task = await begin(workers[1]);
    await store.leave(workers[1]!);
    const { tasks } = await store.rescue(100, 3, 60_000);
    expect(tasks.map(({ id }) => id)).toEqual([task.id]);
    expect(await isRevoked(task)).toBe(false);
  });
});
