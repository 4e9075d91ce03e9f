import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { StatisticsAnswer } from '#dist/tasks/index.js';
import { createDashboardApplication, ShopTasks } from '../support/dashboard-application.js';
import { createDatabase, type TestDatabase } from '../support/database.js';
import { EventStream } from '../support/event-stream.js';
import type { HttpApplication } from '../support/http-application.js';
import { until } from '../support/until.js';

interface Group {
  fingerprint: string;
  name: string;
  errorName: string;
  message: string;
  frame: string;
  count: number;
  sampleId: string;
}
type Items<T> = { items: T[]; nextCursor?: string | null };

describe('statistics, errors, actions on many, lines and the audit trail', () => {
  let database: TestDatabase;
  let http: HttpApplication;

  beforeAll(async () => {
    database = await createDatabase();
    http = await createDashboardApplication('express', database.url, {
      http: {
        keys: [
          { role: 'admin', owner: 'ada', key: 'an-admin-key-of-some-length' },
          { role: 'read', owner: 'grace', key: 'a-reader-key-of-some-length' },
        ],
      },
    });
    await http.worker.start();
  });
  afterAll(async () => {
    await http?.close();
    await database?.drop();
  });

  const admin = () => http.client.as('an-admin-key-of-some-length');
  const reader = () => http.client.as('a-reader-key-of-some-length');
  const run = async (name: string, args: unknown[], options = {}) => {
    const handle = await http.tasks.submit(name, args, options);
    await handle.get({ timeout: '60s' }).catch(() => undefined);
    return handle.id;
  };
  const errors = async (query = '') => (await admin().get<Items<Group>>(`/tasks/errors${query}`)).body.items;

  it('counts what happened, by name and queue, with percentiles of waits and runs', async () => {
    for (let i = 0; i < 5; i++) await run('shop.add', [i, i]);
    await run('shop.charge', ['nobody']);
    await run('shop.import', [{ user: 'ada', password: 'x' }]);
    const delayed = await http.tasks.submit('shop.add', [1, 1], { countdown: '1h' });
    await delayed.revoke();
    const stats = await until('all is counted', async () => {
      const { body } = await admin().get<StatisticsAnswer>('/tasks/stats?window=15m');
      const { submitted, revoked, retried } = body.totals;
      return submitted === 8 && revoked === 1 && retried === 1 ? body : undefined;
    });
    expect(stats.totals).toMatchObject({
      submitted: 8,
      succeeded: 6,
      failed: 1,
      retried: 1,
      revoked: 1,
      lost: 0,
    });
    expect(stats.series).toHaveLength(15);
    expect(stats.series.reduce((sum, point) => sum + point.submitted, 0)).toBe(8);
    expect(stats.names.find((tally) => tally.name === 'shop.add')).toMatchObject({
      submitted: 6,
      succeeded: 5,
    });
    expect(stats.queues).toMatchObject([{ name: 'default', submitted: 8 }]);
    expect(stats.counts).toMatchObject({ SUCCESS: 6, FAILURE: 1, REVOKED: 1, PENDING: 0 });
    for (const { p50, p95 } of [stats.totals.wait, stats.totals.run]) {
      expect(p50).toBeGreaterThanOrEqual(0);
      expect(p95).toBeGreaterThanOrEqual(p50 ?? 0);
      expect(p95).toBeLessThan(20_000);
    }
    for (const window of ['1h', '6h', '24h', '7d', '30d']) {
      const { body } = await admin().get<StatisticsAnswer>(`/tasks/stats?window=${window}&name=shop.add`);
      expect([window, body.totals.succeeded]).toEqual([window, 5]);
      expect(body.series.length).toBeLessThanOrEqual(170);
    }
    expect((await admin().get('/tasks/stats?window=2h')).body).toMatchObject({
      code: 'INVALID_FILTER',
      path: 'window',
    });
    expect((await reader().get('/tasks/stats')).status).toBe(403);
  });

  it('groups failures of one cause, whatever differs in their messages', async () => {
    for (const n of [17, 4711])
      await run('demo.fail', [`order ${n} of 3f2b8a3e-0d0e-4c5f-8a51-2f8f1b0c9d11 is gone`]);
    await run('demo.fail', ['something else']);
    const group = await until('they are grouped', async () =>
      (await errors('?search=is+gone')).find(({ count }) => count === 2),
    );
    expect(group).toMatchObject({
      name: 'demo.fail',
      errorName: 'Error',
      message: 'order <n> of <id> is gone',
      frame: 'DemoTasks.fail (demo.tasks.js)',
    });
    const { items } = (await admin().get<Items<{ id: string }>>(`/tasks?error=${group.fingerprint}`)).body;
    expect(items.map((item) => item.id)).toContain(group.sampleId);
    expect(items).toHaveLength(2);
    const found = (await admin().get<Items<{ id: string }>>('/tasks?search=is+gone')).body;
    expect(found.items).toHaveLength(2);
  });

  it('counts first, then acts on all that fit, and notes who did', async () => {
    const filter = { search: 'is gone' };
    const count = { action: 'retry', filter, count: true };
    expect((await admin().post('/tasks/bulk-actions', count)).body).toEqual({ count: 2, capped: false });
    expect((await admin().post('/tasks/bulk-actions', { action: 'retry', filter })).body).toEqual({
      done: 2,
      skipped: 0,
      more: false,
      nextCursor: null,
    });
    await until('they failed again', async () => (await errors('?search=is+gone'))[0]!.count === 4);
    const { items } = (await admin().get<Items<object>>('/tasks/audit?limit=2')).body;
    expect(items).toMatchObject([
      { by: 'ada', action: 'retry' },
      { by: 'ada', action: 'retry' },
    ]);
    const forget = { action: 'forget', filter: { ...filter, state: 'FAILURE' } };
    expect((await admin().post('/tasks/bulk-actions', forget)).body).toMatchObject({ done: 2 });
    expect((await admin().get<Items<object>>('/tasks?search=is+gone')).body.items).toEqual([]);
    const [first] = await http.tasks.submitMany(
      Array.from({ length: 4 }, (_, i) => ({
        name: 'shop.add',
        args: [i, i],
        options: { countdown: '1h' as const, tags: { many: 'yes' } },
      })),
    );
    const revoke = { action: 'revoke', filter: { tag: 'many:yes' } };
    const goOn = { ...revoke, cursor: first!.id };
    expect((await admin().post('/tasks/bulk-actions', goOn)).body).toMatchObject({ done: 3 });
    expect((await admin().post('/tasks/bulk-actions', revoke)).body).toMatchObject({ done: 1 });
    expect((await admin().post('/tasks/bulk-actions', revoke)).body).toMatchObject({ done: 0 });
    expect((await reader().post('/tasks/bulk-actions', revoke)).status).toBe(403);
  });

  it('refuses actions without conditions, and what is no filter', async () => {
    const refused = async (body: unknown) => (await admin().post('/tasks/bulk-actions', body)).body;
    expect(await refused({ action: 'forget', filter: {} })).toMatchObject({
      code: 'INVALID_FILTER',
      path: 'filter',
    });
    expect(await refused({ action: 'forget', filter: { limit: '1' } })).toMatchObject({
      path: 'filter.limit',
    });
    expect(await refused({ action: 'forget', filter: { name: ['a'] } })).toMatchObject({ path: 'name' });
    expect(await refused({ action: 'drop', filter: { name: 'a' } })).toMatchObject({ path: 'action' });
    expect(await refused({ action: 'forget' })).toMatchObject({ path: 'filter' });
    for (const cursor of ['x', 5, null])
      expect(await refused({ action: 'forget', filter: { name: 'a' }, cursor })).toMatchObject({
        code: 'INVALID_PAGE',
        path: 'cursor',
      });
  });

  it('gives the audit trail in pages, newest first', async () => {
    const seen: string[] = [];
    let cursor: string | null = '';
    do {
      const page: Items<{ id: string }> = (
        await admin().get<Items<{ id: string }>>(`/tasks/audit?limit=4${cursor && `&cursor=${cursor}`}`)
      ).body;
      seen.push(...page.items.map((item) => item.id));
      cursor = page.nextCursor!;
    } while (cursor !== null);
    expect(seen.length).toBeGreaterThan(6);
    expect(seen).toEqual([...new Set(seen)].sort((a, b) => Number(b) - Number(a)));
  });

  it('keeps the lines of an attempt, bounded, and gives them in their order', async () => {
    const id = await run('shop.import', [{ user: 'ada', password: 'x' }], { owner: 'grace' });
    const lines = await until('they are written', async () => {
      const { body } = await reader().get<Items<object>>(`/tasks/${id}/logs`);
      return body.items.length === 2 ? body.items : undefined;
    });
    expect(lines).toMatchObject([
      { level: 'log', message: 'imported from ftp://ada:••••••@files', attempt: 2, line: 1 },
      { level: 'warn', message: 'one line was skipped', attempt: 2, line: 2 },
    ]);
    const chatty = await run('shop.chat', [1500]);
    const kept = await until('it is full', async () => {
      const { body } = await admin().get<Items<{ message: string }>>(`/tasks/${chatty}/logs`);
      return body.items.length === 1001 ? body.items : undefined;
    });
    expect(kept.at(-1)!.message).toContain('no more are kept');
    expect((await reader().get(`/tasks/${chatty}/logs`)).status).toBe(404);
  });

  it('tells of changes as they happen, in batches, to each what it may see', async () => {
    const headers = (key: string) => ({ authorization: `Bearer ${key}` });
    const all = await EventStream.open(`${http.url}/tasks/events`, headers('an-admin-key-of-some-length'));
    const own = await EventStream.open(`${http.url}/tasks/events`, headers('a-reader-key-of-some-length'));
    const ids = await Promise.all(
      [1, 2, 3, 4, 5].map((n) => run('shop.add', [n, n], { owner: n === 5 ? 'grace' : 'ada' })),
    );
    const told = (stream: EventStream) =>
      new Set(
        stream.events.flatMap(({ data }) =>
          (data!.items as { id: string; state: string }[]).map((item) => item.id),
        ),
      );
    await until('all are told', () => ids.every((id) => told(all).has(id)));
    await until('the own one is told', () => told(own).has(ids[4]!));
    expect([...told(own)]).toEqual([ids[4]]);
    all.leave();
    own.leave();
  });

  it('says to read again where more has changed than it can tell', async () => {
    const headers = { authorization: 'Bearer an-admin-key-of-some-length' };
    const many = Array.from({ length: 150 }, () => ({
      name: 'shop.add',
      args: [1, 1],
      options: { countdown: '1h' as const, tags: { crowd: 'yes' } },
    }));
    await http.tasks.submitMany(many);
    const stream = await EventStream.open(`${http.url}/tasks/events`, headers);
    await http.tasks.revokeMany({ tags: { crowd: 'yes' } });
    const told = await until('it is told', () => stream.events[0]);
    expect(told.data).toEqual({ items: [], more: true });
    stream.leave();
  });

  it('shows who submitted whom', async () => {
    const parent = await run('shop.parent', []);
    const { items } = (await admin().get<Items<object>>(`/tasks?parent=${parent}`)).body;
    expect(items).toMatchObject([{ name: 'shop.add', parentId: parent }]);
  });

  it('looks into arguments, but not further back than a day', async () => {
    const id = await run('shop.import', [{ user: 'looked-for', password: 'x' }]);
    const query = '/tasks?args=looked-for';
    expect((await admin().get<Items<object>>(query)).body.items).toMatchObject([{ id }]);
    expect((await admin().get<Items<object>>(`${query}&to=2020-01-01T00:00:00Z`)).body.items).toEqual([]);
    http.app.get(ShopTasks).mend();
  });
});
