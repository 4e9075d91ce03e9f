import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createDatabase, type TestDatabase } from '../support/database.js';
import { ADAPTERS, createHttpApplication, type HttpApplication } from '../support/http-application.js';
import { InputTasks } from './bad-requests.js';

interface Page {
  items: { id: string; name: string; args: unknown; result: unknown; createdAt: string }[];
  nextCursor: string | null;
}

for (const adapter of ADAPTERS)
  describe(`GET /tasks on ${adapter}`, () => {
    let database: TestDatabase;
    let http: HttpApplication;
    const ids: string[] = [];

    beforeAll(async () => {
      database = await createDatabase();
      http = await createHttpApplication(adapter, database.url, { providers: [InputTasks] });
      for (let i = 0; i < 7; i++) {
        const { body } = await http.client.post<{ id: string }>('/tasks/input.any', {
          args: [i],
          options: { tags: { even: String(i % 2 === 0) }, countdown: i > 3 ? '1h' : 0 },
        });
        ids.push(body.id);
      }
      await http.worker.start();
      for (const id of ids.slice(0, 4)) await http.tasks.handle(id).get({ timeout: '60s' });
    });
    afterAll(async () => {
      await http.close();
      await database.drop();
    });

    const list = async (query = '') => (await http.client.get<Page>(`/tasks${query}`)).body;
    const idsOf = async (query: string) => (await list(query)).items.map((item) => ids.indexOf(item.id));

    it('gives the newest first, without arguments and results', async () => {
      const { items, nextCursor } = await list();
      expect(items.map((item) => item.id)).toEqual(ids.toReversed());
      expect(nextCursor).toBeNull();
      for (const item of items) expect(item).toMatchObject({ args: null, result: null });
    });

    it('gives arguments and results when they are asked for', async () => {
      const [newest] = (await list('?include=args,result&state=SUCCESS')).items;
      expect(newest).toMatchObject({ args: [3], result: 3 });
    });

    it('gives pages that together are the whole, each task once', async () => {
      for (const sort of ['createdAt', '-createdAt']) {
        const seen: string[] = [];
        let cursor: string | null = null;
        do {
          const page: Page = await list(`?limit=3&sort=${sort}${cursor === null ? '' : `&cursor=${cursor}`}`);
          expect(page.items.length).toBeLessThanOrEqual(3);
          seen.push(...page.items.map((item) => item.id));
          cursor = page.nextCursor;
        } while (cursor !== null);
        expect(seen).toEqual(sort === 'createdAt' ? ids : ids.toReversed());
      }
    });

    it('filters by state, name, queue, worker, tag, time and text, and by all of them at once', async () => {
      expect(await idsOf('?state=PENDING')).toEqual([6, 5, 4]);
      expect(await idsOf('?state=success,failure')).toEqual([3, 2, 1, 0]);
      expect(await idsOf('?name=input.any')).toHaveLength(7);
      expect(await idsOf('?name=input.*')).toHaveLength(7);
      expect(await idsOf('?name=input.a')).toEqual([]);
      expect(await idsOf('?queue=default')).toHaveLength(7);
      expect(await idsOf('?queue=other')).toEqual([]);
      expect(await idsOf(`?worker=${encodeURIComponent(http.worker.name)}`)).toEqual([3, 2, 1, 0]);
      expect(await idsOf('?tag=even:true')).toEqual([6, 4, 2, 0]);
      expect(await idsOf('?from=2100-01-01T00:00:00Z')).toEqual([]);
      expect(await idsOf('?to=2100-01-01T00:00:00Z')).toHaveLength(7);
      // before the time of any id
      expect(await idsOf('?from=1960-01-01T00:00:00Z')).toHaveLength(7);
      expect(await idsOf('?to=0000-01-01T00:00:00Z')).toEqual([]);
      expect(await idsOf(`?search=${ids[2]}`)).toEqual([2]);
      expect(await idsOf('?search=INPUT')).toHaveLength(7);
      // no wildcards of SQL
      expect(await idsOf('?search=%25')).toEqual([]);
      expect(await idsOf('?state=SUCCESS&tag=even:false&name=input.any&search=any')).toEqual([3, 1]);
    });
  });
