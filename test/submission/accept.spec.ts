import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Injectable } from '@nestjs/common';
import { Task, type SubmitOptions } from '#dist/tasks/index.js';
import { createApplication, type TestApplication } from '../support/application.js';
import { createDatabase, type TestDatabase } from '../support/database.js';

@Injectable()
class AnyTasks {
  @Task({ name: 'any', expires: '1h', retry: { max: 7 }, priority: 4 })
  any(...values: unknown[]): unknown {
    return values;
  }
}

const SUBMISSIONS: [what: string, args: unknown[], options?: SubmitOptions][] = [
  ['nothing', []],
  [
    'every kind of JSON',
    [1, -0, 1e25, 0.1, 'ü\u2028"\\', null, true, [[]], { bb: 1, a: { c: [2] } }, new Date(0)],
  ],
  ['an argument that is undefined at the end', [1, undefined]],
  ['large arguments', ['x'.repeat(100_000)]],
  ['a delay', [1], { countdown: '1h', expires: '2h' }],
  ['a delay with a fraction of a millisecond', [1], { countdown: 3_600_000.6, expires: 7_200_000.4 }],
  ['a time', [1], { eta: '2035-01-01T00:00:00.123456789+02:00', expires: new Date('2036-01-01T00:00:00Z') }],
  ['an owner, tags and meta', [1], { owner: 'ann', tags: { b: '2', aa: '1' }, meta: { z: [1], y: null } }],
  ['options of its own', [1], { queue: 'other', priority: 9, retry: { max: 0 }, softTimeLimit: '5s' }],
  ['no retry', [1], { retry: false }],
  ['a key', [1], { idempotencyKey: 'k' }],
];

describe('TaskService.accept', () => {
  let database: TestDatabase;
  let app: TestApplication;

  beforeAll(async () => {
    database = await createDatabase();
    app = await createApplication(database.url, { providers: [AnyTasks] });
  });
  afterAll(async () => {
    await app.close();
    await database.drop();
  });

  for (const [what, args, options] of SUBMISSIONS)
    it(`gives the record as it is stored, with ${what}`, async () => {
      const record = await app.tasks.accept('any', args, options);
      expect(record.state).toBe('PENDING');
      expect(await app.tasks.record(record.id)).toEqual(record);
    });

  it('takes the time of creation from the database, for each batch its own', async () => {
    const [before] = (await database.sql.query<{ now: Date }>('SELECT clock_timestamp() AS now')).rows;
    const records = await Promise.all(Array.from({ length: 300 }, (_, i) => app.tasks.accept('any', [i])));
    const [after] = (await database.sql.query<{ now: Date }>('SELECT clock_timestamp() AS now')).rows;
    for (const record of records) {
      const at = Date.parse(record.createdAt);
      expect(at).toBeGreaterThanOrEqual(before!.now.getTime());
      expect(at).toBeLessThanOrEqual(after!.now.getTime());
    }
    expect(await app.tasks.record(records[299]!.id)).toEqual(records[299]);
  });
});
