import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Injectable } from '@nestjs/common';
import { QueueFullError, Task } from '#dist/tasks/index.js';
import { resolveTasksOptions } from '#dist/tasks/tasks.options.js';
import { createDatabase, type TestDatabase } from '../support/database.js';
import { ADAPTERS, createHttpApplication, type HttpApplication } from '../support/http-application.js';
import { until } from '../support/until.js';

@Injectable()
class LimitedTasks {
  @Task({ http: true, queue: 'small' })
  small(n: number): number {
    return n;
  }
  @Task({ http: true, queue: 'wide' })
  wide(n: number): number {
    return n;
  }
}

for (const adapter of ADAPTERS)
  describe(`a queue with a limit on ${adapter}`, () => {
    let database: TestDatabase;
    let http: HttpApplication;

    beforeAll(async () => {
      database = await createDatabase();
      http = await createHttpApplication(
        adapter,
        database.url,
        { providers: [LimitedTasks] },
        { tasks: { queueLimits: { small: 5 } } },
      );
    });
    afterAll(async () => {
      await http.close();
      await database.drop();
    });

    const submit = (name = 'limited.small') => http.client.post(`/tasks/${name}`, { args: [1] });
    const bulk = (names: string[]) =>
      http.client.post('/tasks/bulk', { tasks: names.map((name) => ({ name, args: [1] })) });
    const stored = async (queue: string) =>
      (await database.sql.query('SELECT FROM celeriac.task WHERE queue = $1', [queue])).rows.length;

    it('is filled to its limit by requests at once, and not beyond', async () => {
      const statuses = (await Promise.all(Array.from({ length: 20 }, () => submit()))).map(
        ({ status }) => status,
      );
      expect(statuses.filter((status) => status === 202)).toHaveLength(5);
      expect(statuses.filter((status) => status === 429)).toHaveLength(15);
      expect(await stored('small')).toBe(5);
    });

    it('refuses with QUEUE_FULL and says when to come again', async () => {
      const { status, headers, body } = await submit();
      expect(status).toBe(429);
      expect(body).toMatchObject({
        statusCode: 429,
        code: 'QUEUE_FULL',
        message: expect.stringMatching(/small.*5/),
      });
      expect(headers.get('retry-after')).toBe('2');
      await expect(http.tasks.of(LimitedTasks).small.delay(1)).rejects.toThrow(QueueFullError);
    });

    it('accepts nothing of a bulk that would overfill it, into other queues neither', async () => {
      expect(await bulk(['limited.wide', 'limited.small', 'limited.wide'])).toMatchObject({
        status: 429,
        body: { code: 'QUEUE_FULL' },
      });
      expect(await stored('wide')).toBe(0);
      expect((await submit('limited.wide')).status).toBe(202);
    });

    it('takes tasks again when a worker has made room, and a bulk that just fits', async () => {
      await http.worker.start();
      await until('it is empty', async () => (await stored('small')) === 0);
      await http.client.post('/tasks/queues/small/pause');
      await until(
        'the count is made anew',
        async () => (await bulk(Array(5).fill('limited.small'))).status === 202,
      );
      expect((await submit()).status).toBe(429);
      expect((await bulk(Array(6).fill('limited.small'))).status).toBe(429);
    });
  });

describe('limits of queues', () => {
  const limits = (queueLimits: unknown) => resolveTasksOptions({ queueLimits } as never).queueLimits;

  it('are whole numbers for names of queues', () => {
    expect([...limits({ images: 10_000 })]).toEqual([['images', 10_000]]);
    expect([...limits(undefined)]).toEqual([]);
    expect(() => limits({ images: 0 })).toThrow(/^queueLimits\.images: expected a whole number from 1/);
    expect(() => limits({ images: '5' })).toThrow(/^queueLimits\.images: /);
    expect(() => limits({ 'a b': 5 })).toThrow(/^queueLimits: expected a queue name/);
  });
});
