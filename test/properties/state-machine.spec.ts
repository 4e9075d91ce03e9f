import { afterAll, beforeAll, describe, it, jest } from '@jest/globals';
import * as fc from 'fast-check';
import { createApplication } from '../support/application.js';
import { createDatabase, type TestDatabase } from '../support/database.js';
import { STEPS, StateMachine } from '../support/state-machine.js';

/** `npm run properties` makes it 10,000. */
const RUNS = Number(process.env.PROPERTY_RUNS ?? 150);
jest.setTimeout(RUNS < 1000 ? 120_000 : 7_200_000);

describe('the state machine', () => {
  let database: TestDatabase;
  let machine: StateMachine;

  beforeAll(async () => {
    database = await createDatabase();
    await createApplication(database.url).then((application) => application.close());
    machine = new StateMachine(database.sql, database.url);
  });
  afterAll(async () => {
    await machine.close();
    await database.drop();
  });

  it(`loses nothing, runs nothing twice and exceeds no limit, whatever happens at the same time (${RUNS} runs)`, async () => {
    const step = fc.record({ what: fc.constantFrom(...STEPS), pick: fc.nat(1000) });
    const moment = fc.array(step, { minLength: 1, maxLength: 4 });
    await fc.assert(
      fc.asyncProperty(fc.array(moment, { minLength: 1, maxLength: 12 }), async (moments) => {
        await machine.begin();
        for (const steps of moments) await machine.together(steps);
        await machine.end();
      }),
      { numRuns: RUNS, interruptAfterTimeLimit: RUNS < 1000 ? 100_000 : 7_000_000 },
    );
  });
});
