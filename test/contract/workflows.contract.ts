import { afterAll, beforeAll, beforeEach, describe } from '@jest/globals';
import { createApplication, type TestApplication } from '../support/application.js';
import { createDatabase, type TestDatabase } from '../support/database.js';
import type { BrokerServer } from './broker.contract.js';
import { failures } from './workflows/failures.js';
import { FlowTasks, reset, useApplication } from './workflows/flow-tasks.js';
import { growth } from './workflows/growth.js';
import { shapes } from './workflows/shapes.js';
import { submission } from './workflows/submission.js';

/** What workflows promise, whatever the broker. */
export function describeWorkflows(kind: string, start: () => Promise<BrokerServer | undefined>): void {
  describe(`workflows on ${kind}`, () => {
    let server: BrokerServer | undefined;
    let database: TestDatabase;
    let application: TestApplication;

    beforeAll(async () => {
      server = await start();
      database = await createDatabase();
      application = await createApplication(
        database.url,
        { providers: [FlowTasks] },
        { broker: kind === 'memory' ? 'memory://' : server?.url },
      );
      useApplication(application);
      await application.startWorker();
    });
    afterAll(async () => {
      await application?.close();
      await database?.drop();
      await server?.remove();
    });
    beforeEach(reset);

    shapes();
    failures();
    growth();
    submission();
  });
}
