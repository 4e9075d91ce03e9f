import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { missingChromium } from '../support/browser.js';
import { DashboardSites, type DashboardSite } from '../support/dashboard-sites.js';
import { describeUnless } from '../support/prerequisite.js';
import { until } from '../support/until.js';

describeUnless(missingChromium)('what the dashboard is given in Chromium, on Express and Fastify', () => {
  let sites: DashboardSites;
  beforeAll(async () => {
    sites = await DashboardSites.start();
  });
  afterAll(() => sites?.stop());
  const both = (scenario: (site: DashboardSite) => Promise<void>) => () =>
    sites.run(async (site) => {
      await scenario(site);
      await site.leave();
    });
  const rows = (site: DashboardSite) => site.page.locator('.task-rows [role=row]').count();

  it(
    'submits the numbers that are typed',
    both(async (site) => {
      const { page } = site;
      await site.open('#/submit?name=shop.add');
      await page.getByLabel('x (number)').pressSequentially('1.05');
      await page.getByLabel('y (number)').pressSequentially('-0.5');
      await site.button('Submit shop.add').click();
      await site.drawer.getByText('0.55', { exact: true }).waitFor();
    }),
  );

  it(
    'leaves the space at the end of a search that goes on, and searches nothing on other pages',
    both(async (site) => {
      const { page } = site;
      await site.open();
      await page.locator('#search').pressSequentially('shop ');
      await until('it is searched', () => page.url().includes('q=shop'));
      await sleep(300);
      expect(await page.locator('#search').inputValue()).toBe('shop ');
      await page.locator('#search').pressSequentially('add');
      await until('it is searched', () => page.url().includes('q=shop+add'));
      await page.locator('#search').pressSequentially(' more');
      await page.evaluate(`location.hash = '#/errors'`);
      await page.getByRole('heading', { name: 'Errors' }).waitFor();
      await sleep(400);
      expect(page.url()).toMatch(/#\/errors$/);
    }),
  );

  it(
    'finds tasks by their tags, also those with spaces and colons',
    both(async (site) => {
      const { page } = site;
      const tags = { site: 'http://x', city: 'New York' };
      const id = await site.submit('shop.add', [1, 2], { tags });
      await site.ended(id);
      await site.ended(await site.submit('shop.add', [1, 2], { tags: { city: 'New' } }));
      for (const name of ['site=http://x', 'city=New York']) {
        await site.open(`#/tasks?task=${id}`);
        await site.drawer.getByRole('link', { name }).click();
        await until('only this one is listed', async () => (await rows(site)) === 1);
        expect(await site.listed()).toEqual([id]);
        await page.goto('about:blank');
      }
    }),
  );

  it(
    'says so where a time is none, instead of listing more',
    both(async (site) => {
      await site.ended(await site.submit('shop.add', [1, 2]));
      await site.open('#/tasks?q=since:90min');
      await site.page.getByRole('alert').getByText('an ISO 8601 time').waitFor();
      expect(await rows(site)).toBe(0);
    }),
  );

  it(
    'opens no task whose id is none, and stands links that are damaged',
    both(async (site) => {
      const { page } = site;
      await site.ended(await site.submit('shop.add', [1, 2]));
      await site.open('#/tasks?task=queues%2Fdefault%2Fpurge%3F');
      await site.row('shop.add').waitFor();
      expect(await site.drawer.count()).toBe(0);
      await page.goto('about:blank');
      await site.open('#/workflows/%E0%A4');
      await page.getByRole('alert').waitFor();
    }),
  );

  it(
    'changes one limit of a task and leaves the others',
    both(async (site) => {
      const { page } = site;
      const limits = page.getByRole('row', { name: /^shop\.add/ });
      await site.http.client.post(`${site.prefix}/tasks/limits/shop.add/rate`, { rate: '30/m', burst: 3 });
      await site.open('#/workers');
      await page.getByLabel('Task to limit').fill('shop.add');
      await page.getByLabel('Time limit', { exact: true }).fill('20s');
      await site.button('Change limits').click();
      await limits.getByText('20 s').waitFor();
      await page.getByLabel('Soft time limit').fill('10s');
      await page.getByLabel('Rate').fill('1/s');
      await site.button('Change limits').click();
      await limits.getByText('10 s').waitFor();
      await limits.getByText('20 s').waitFor();
      await limits.getByText('1 a second, 3 at once').waitFor();
    }),
  );

  it(
    'shows the next runs of intervals as they are, and no more than there are',
    both(async (site) => {
      const { page } = site;
      const create = async (schedule: object) => {
        const path = `${site.prefix}/tasks/schedules`;
        const given = { task: 'shop.add', args: [1, 2], ...schedule };
        return (await site.http.client.post<{ nextAt: string }>(path, given)).body.nextAt;
      };
      const expires = new Date(Date.now() + 25 * 60_000).toISOString();
      const nextAt = await create({ name: 'twice-more', every: '10m', expires });
      await create({ name: 'only-once', crontab: '0 9 * * *', oneOff: true });
      // an interval that began now would tick at another time
      await sleep(1200);
      await site.open('#/schedules');
      for (const [name, n] of [
        ['twice-more', 2],
        ['only-once', 1],
      ] as const) {
        const runs = page.getByRole('row', { name }).locator('li time');
        await page.getByRole('row', { name }).getByText('Next runs').click();
        await until(`${n} are listed`, async () => (await runs.count()) === n);
        if (n === 2) expect(await runs.first().getAttribute('datetime')).toBe(nextAt);
      }
    }),
  );
});
