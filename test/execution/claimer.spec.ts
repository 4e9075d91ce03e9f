import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Injectable } from '@nestjs/common';
import { Task } from '#dist/tasks/index.js';
import { Claimer } from '#dist/tasks/execution/claimer.js';
import { createApplication, type TestApplication } from '../support/application.js';
import { createDatabase, type TestDatabase } from '../support/database.js';
import { openStore, type OpenStore } from '../support/open-store.js';

@Injectable()
class ClaimedTasks {
  @Task()
  work(): void {}
}

describe('a claim by message', () => {
  let database: TestDatabase;
  let application: TestApplication;
  let opened: OpenStore;

  beforeAll(async () => {
    database = await createDatabase();
    application = await createApplication(database.url, { providers: [ClaimedTasks] });
    opened = await openStore(database.url, 0);
  });
  afterAll(async () => {
    await opened.close();
    await application.close();
    await database.drop();
  });

  it('waits for a worker that has its new identity before its row is there', async () => {
    const { store } = opened;
    const reborn = randomUUID();
    let asked = (): void => undefined;
    const wasAsked = new Promise<void>((resolve) => (asked = resolve));
    const watched = Object.create(store) as typeof store;
    watched.isAlive = async (id) => {
      const alive = await store.isAlive(id);
      asked();
      return alive;
    };
    const claimer = new Claimer(watched, { workerId: () => reborn, takes: () => true });
    const { id } = await application.tasks.of(ClaimedTasks).work.delay();
    const claim = claimer.claim({ id, dispatch: 1 });
    await wasAsked;
    await store.registerWorker(reborn, reborn, 600_000, { info: {}, status: {} });
    expect(await claim).toMatchObject({ id, attempt: 1 });
  });
});
