import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { missingChromium } from '../support/browser.js';
import { DashboardSites, type DashboardSite } from '../support/dashboard-sites.js';
import { describeUnless } from '../support/prerequisite.js';
import { until } from '../support/until.js';

describeUnless(missingChromium)('what the dashboard reads in Chromium, on Express and Fastify', () => {
  let sites: DashboardSites;
  beforeAll(async () => {
    sites = await DashboardSites.start();
  });
  afterAll(() => sites?.stop());
  const both = (scenario: (site: DashboardSite) => Promise<void>) => () =>
    sites.run(async (site) => {
      await scenario(site);
      await site.page.unrouteAll({ behavior: 'ignoreErrors' });
      await site.leave();
    });

  it(
    'arrives though it takes longer than until it is read again, and is read once at first',
    both(async (site) => {
      const asked: number[] = [];
      await site.page.route('**/tasks/workers', async (route) => {
        asked.push(Date.now());
        await sleep(3500);
        await route.continue();
      });
      await site.open('#/workers');
      await site.page.getByRole('row', { name: site.http.worker.name }).waitFor();
      expect(asked.filter((at) => at < asked[0]! + 2500)).toHaveLength(1);
    }),
  );

  it(
    'arrives though something changes all the time',
    both(async (site) => {
      const id = await site.submit('shop.add', [1, 2]);
      // each connection says that anything may have changed, and ends
      await site.page.route('**/tasks/events', (route) =>
        route.fulfill({ contentType: 'text/event-stream', body: 'retry: 200\n\n' }),
      );
      await site.page.route(
        (url) => url.searchParams.get('search') === id,
        async (route) => {
          await sleep(1500);
          await route.continue();
        },
      );
      await site.open(`#/tasks?task=${id}`);
      await site.drawer.getByRole('heading', { name: 'shop.add' }).waitFor();
    }),
  );

  it(
    'is live again after an answer that was an error',
    both(async (site) => {
      let refused = 0;
      await site.page.route('**/tasks/events', (route) =>
        refused++ === 0 ? route.fulfill({ status: 503, body: '{}' }) : route.continue(),
      );
      await site.open();
      await site.button('Connecting').waitFor();
      await site.button('Live').waitFor();
    }),
  );

  it(
    'keeps as many tasks as were asked for, the newest of them',
    both(async (site) => {
      const many = (n: number) =>
        Array.from({ length: n }, (_, i) => ({
          name: 'shop.add',
          args: [i, i],
          options: { countdown: '1h' as const, tags: { crowd: 'yes' } },
        }));
      await site.http.tasks.submitMany(many(60));
      await site.open('#/tasks?q=tag:crowd%3Dyes');
      await site.row('shop.add').waitFor();
      const newest = (await site.http.tasks.submitMany(many(300))).at(-1)!;
      await site.page.locator(`[data-task="${newest.id}"]`).waitFor();
      const height = await site.page.evaluate<string>(`document.querySelector('.task-rows').style.height`);
      expect(height).toBe(`${50 * 38}px`);
      await site.http.tasks.revokeMany({ name: 'shop.add' });
      await until('it is empty', () => site.http.tasks.count({ state: 'PENDING' }).then((n) => n === 0));
    }),
  );

  it(
    'asks for no key where there are none, when nobody is logged in any more',
    both(async (site) => {
      const { page } = site;
      await page.route('**/tasks/stats*', (route) =>
        route.fulfill({ status: 401, json: { code: 'UNAUTHENTICATED', message: 'the session is over' } }),
      );
      await site.open();
      await page.getByRole('alert').getByText('does not know who you are').waitFor();
      expect(await page.getByLabel('Key', { exact: true }).count()).toBe(0);
      await site.isAccessible();
      await page.unrouteAll();
      await site.button('Try again').click();
      await page.getByText('Database up').waitFor();
    }),
  );

  it(
    'goes on with many tasks where the round before stopped',
    both(async (site) => {
      const { page } = site;
      const cursor = '01a214bb-a844-7220-8000-9a31467dd86e';
      const answers = [
        { count: 10_000, capped: true },
        { done: 10_000, skipped: 0, more: true, nextCursor: cursor },
        { done: 4, skipped: 1, more: false, nextCursor: null },
      ];
      const bodies: unknown[] = [];
      await page.route('**/tasks/bulk-actions', (route) => {
        bodies.push(route.request().postDataJSON());
        return route.fulfill({ json: answers[bodies.length - 1] });
      });
      await site.open('#/tasks?q=tag:crowd%3Dyes');
      await site.button('Retry…').click();
      await site.dialog.getByRole('button', { name: 'Retry 10k+ tasks' }).click();
      await page.getByText('10k tasks retried, 1 had moved on').waitFor();
      const body = { action: 'retry', filter: { tag: 'crowd:yes' } };
      expect(bodies).toEqual([{ ...body, count: true }, body, { ...body, cursor }]);
    }),
  );
});
