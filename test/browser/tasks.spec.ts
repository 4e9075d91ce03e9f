import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { missingChromium } from '../support/browser.js';
import { ShopTasks } from '../support/dashboard-application.js';
import { DashboardSites, type DashboardSite } from '../support/dashboard-sites.js';
import { describeUnless } from '../support/prerequisite.js';
import { until } from '../support/until.js';

describeUnless(missingChromium)('tasks in Chromium, on Express and Fastify', () => {
  let sites: DashboardSites;
  beforeAll(async () => {
    sites = await DashboardSites.start();
  });
  afterAll(() => sites?.stop());
  const both = (scenario: (site: DashboardSite) => Promise<void>) => () => sites.run(scenario);

  it(
    'offers a demonstration task where there are none, and shows it live to its end',
    both(async (site) => {
      const { page } = site;
      await site.open();
      await site.button('Run a demonstration task').click();
      await page.locator('.drawer .bar').waitFor();
      await site.row('demo.progress').locator('.state-started').waitFor();
      await page.locator('.drawer', { hasText: '20 steps of 500 ms' }).waitFor();
      await site.drawer.getByRole('button', { name: 'Revoke' }).click();
      await site.dialog.getByRole('button', { name: 'Revoke 1 task' }).click();
      await site.row('demo.progress').locator('.state-revoked').waitFor();
      await page.getByText('Database up').waitFor();
      await page.getByText('Broker postgres up').waitFor();
      await page
        .locator('.counters')
        .getByRole('button', { name: /revoked\s*1$/ })
        .waitFor();
      await page.getByLabel('Window').selectOption('15m');
      await page.getByRole('img', { name: /In the last 15m 1 tasks were submitted/ }).waitFor();
      expect(page.url()).toContain('window=15m');
      await site.isAccessible();
      await page.keyboard.press('Escape');
      const pause = page.locator('.queues').getByRole('button', { name: 'Pause default' });
      await pause.click();
      await page.locator('.queues').getByRole('button', { name: 'Resume default' }).click();
      await pause.waitFor();
      await site.leave();
    }),
  );

  it(
    'filters by counters, qualifiers and text, and keeps them in the address',
    both(async (site) => {
      const { page } = site;
      await site.ended(await site.submit('shop.charge', ['ada']));
      await site.ended(await site.submit('shop.add', [1, 2], { tags: { user: '42' } }));
      await site.open();
      await site.row('shop.add').waitFor();
      await page.locator('.counters').getByRole('button', { name: 'failure' }).click();
      await site.row('shop.charge').waitFor();
      await until(
        'only failures stay',
        async () => (await page.locator('.task-rows .state-success').count()) === 0,
      );
      expect(page.url()).toContain('q=state%3Afailure');
      await page.keyboard.press('/');
      await page.keyboard.press('ControlOrMeta+a');
      await page.keyboard.type('tag:user=42 since:1h');
      await site.row('shop.add').waitFor();
      await until(
        'only the tagged one stays',
        async () => (await page.locator('.task-rows [role=row]').count()) === 1,
      );
      await page.reload();
      await site.row('shop.add').waitFor();
      expect(await page.locator('#search').inputValue()).toBe('tag:user=42 since:1h');
      await page.locator('#search').fill('bank refused');
      await site.row('shop.charge').waitFor();
      await page.locator('#search').fill('nothing of the sort');
      await page.getByRole('heading', { name: 'No task fits' }).waitFor();
      await site.isAccessible();
      await site.leave();
    }),
  );

  it(
    'shows a task with its attempts, stacks, log, arguments without secrets, and its result as text',
    both(async (site) => {
      const id = await site.submit('shop.import', [{ user: 'ada', password: 'hunter2' }]);
      await site.ended(id);
      await site.open(`#/tasks?task=${id}`);
      const { drawer } = site;
      await drawer.locator('.timeline', { hasText: 'retried' }).waitFor();
      await drawer.getByText('Error: the first try never works', { exact: true }).waitFor();
      await drawer.locator('.timeline summary').click();
      await drawer.locator('.timeline pre', { hasText: 'ShopTasks.import' }).waitFor();
      await drawer.locator('.log', { hasText: 'one line was skipped' }).waitFor();
      await drawer.getByText('imported <b>all</b>').waitFor();
      expect(await drawer.textContent()).not.toContain('hunter2');
      await drawer.getByRole('button', { name: 'Show secrets' }).click();
      await drawer.getByText('hunter2').waitFor();
      const copied = await site.watchClipboard();
      await drawer.getByRole('button', { name: 'Copy as curl' }).click();
      await until('it is copied', async () =>
        (await copied()).includes(`${site.http.url}${site.prefix}/tasks/shop.import'`),
      );
      await drawer.getByRole('button', { name: 'Copy as code' }).click();
      await until('it is copied', async () =>
        (await copied()).startsWith('await tasks.submit("shop.import", [{'),
      );
      await site.isAccessible();
      await site.leave();
    }),
  );

  it(
    'retries one, runs one again with other arguments, and forgets one',
    both(async (site) => {
      const { page } = site;
      const id = await site.submit('shop.charge', ['grace']);
      await site.ended(id);
      site.http.app.get(ShopTasks).mend();
      await site.open(`#/tasks?task=${id}`);
      const { drawer } = site;
      await drawer.getByRole('button', { name: 'Retry' }).click();
      await drawer.getByText('charged grace').waitFor();
      await drawer.getByRole('button', { name: 'Run again' }).click();
      await site.dialog.locator('textarea').fill('["linus"');
      await site.dialog.getByRole('button', { name: 'Run again' }).click();
      await page.getByRole('alert').getByText('This is no JSON').waitFor();
      await site.dialog.locator('textarea').fill('["linus"]');
      await site.dialog.getByRole('button', { name: 'Run again' }).click();
      await drawer.getByText('charged linus').waitFor();
      await drawer.getByRole('button', { name: 'Forget' }).click();
      await site.dialog.getByRole('button', { name: 'Forget 1 task' }).click();
      await drawer.waitFor({ state: 'detached' });
      expect(await site.http.tasks.count({ search: 'linus', args: 'linus' })).toBe(0);
      await site.leave();
    }),
  );

  it(
    'shows parents and children',
    both(async (site) => {
      const { page } = site;
      const id = await site.submit('shop.parent', []);
      await site.ended(id);
      await site.open(`#/tasks?task=${id}`);
      await page.locator('.drawer .family').getByRole('link', { name: 'shop.add' }).click();
      await site.drawer.getByRole('link', { name: id }).waitFor();
      await site.leave();
    }),
  );

  it(
    'acts on all that fit a search, but never without one',
    both(async (site) => {
      const { page } = site;
      await Promise.all(
        [1, 2].map((n) => site.submit('shop.add', [n, n], { countdown: '1h', tags: { batch: 'x' } })),
      );
      await site.open();
      await site.button('Revoke…').click();
      await page.getByText('Narrow the list first').waitFor();
      await site.open('#/tasks?q=tag:batch%3Dx');
      await site.row('shop.add').waitFor();
      await site.button('Revoke…').click();
      await site.dialog.waitFor();
      await site.isAccessible();
      await site.dialog.getByRole('button', { name: 'Revoke 2 tasks' }).click();
      await page.getByText('2 tasks revoked').waitFor();
      await until(
        'both are revoked',
        async () => (await page.locator('.task-rows .state-revoked').count()) === 2,
      );
      await site.leave();
    }),
  );

  it(
    'goes on to older tasks while one scrolls, and keeps few rows in the page',
    both(async (site) => {
      const many = Array.from({ length: 120 }, (_, i) => ({
        name: 'shop.add',
        args: [i, i],
        options: { countdown: '1h', tags: { scroll: i === 0 ? 'first' : 'on' } },
      }));
      const [first] = await site.http.tasks.submitMany(many);
      await site.open('#/tasks?q=state:pending');
      await site.row('shop.add').waitFor();
      await until('the first of them is there', async () => {
        await site.page.keyboard.press('End');
        return (await site.page.locator(`[data-task="${first!.id}"]`).count()) === 1;
      });
      expect(await site.page.locator('.task-rows [role=row]').count()).toBeLessThan(60);
      await site.http.tasks.revokeMany({ name: 'shop.add' });
      await site.leave();
    }),
  );

  it(
    'says so where there is no such task or workflow',
    both(async (site) => {
      const { page } = site;
      const unknown = '01a214bb-a844-7220-8000-9a31467dd86e';
      await site.open(`#/tasks?task=${unknown}`);
      await page.getByText('There is no such task').waitFor();
      await page.goto(`${site.url}#/workflows/${unknown}`);
      await page.getByRole('alert').waitFor();
      await site.isAccessible();
      await site.leave();
    }),
  );

  it(
    'is worked by keys: lists them, moves, opens, closes, goes to pages, pauses',
    both(async (site) => {
      const { page } = site;
      await site.open();
      await site.ended(await site.submit('demo.fail', ['once']));
      await site.row('demo.fail').waitFor();
      await page.keyboard.press('?');
      await site.dialog.getByText('show these keys').waitFor();
      await site.isAccessible();
      await page.keyboard.press('Escape');
      await site.dialog.waitFor({ state: 'detached' });
      await page.keyboard.press('j');
      await page.keyboard.press('j');
      const [, second] = await site.listed();
      await page.locator(`[data-task="${second}"]:focus`).waitFor();
      await page.keyboard.press('Enter');
      await site.drawer.waitFor();
      await page.keyboard.press('Escape');
      await site.drawer.waitFor({ state: 'detached' });
      await page.locator(`[data-task="${second}"]:focus`).waitFor();
      await page.keyboard.press('p');
      await site.button('Paused').waitFor();
      const before = await site.listed();
      await site.ended(await site.submit('shop.order', [{ amount: 1, currency: 'USD' }]));
      expect(await site.listed()).toEqual(before);
      await page.keyboard.press('p');
      await site.row('shop.order').waitFor();
      await page.keyboard.press('l');
      await site.button('Colours: light').waitFor();
      await page.keyboard.press('l');
      await page.keyboard.press('l');
      await page.keyboard.press('g');
      await page.keyboard.press('e');
      await page.getByRole('heading', { name: 'Errors' }).waitFor();
      await site.leave();
    }),
  );

  it(
    'shows lines as they are logged, and progress as it is made',
    both(async (site) => {
      const id = await site.submit('shop.pack', []);
      await site.open(`#/tasks?task=${id}`);
      await site.drawer.getByText('one of four boxes').waitFor();
      const shop = site.http.app.get(ShopTasks);
      for (const line of ['tape is found', 'tape is lost']) {
        shop.say(line);
        await site.drawer.locator('.log').getByText(line).waitFor();
      }
      shop.finish();
      await site.drawer.locator('.state-success').waitFor();
      await site.leave();
    }),
  );

  it(
    'is readable on a phone',
    both(async (site) => {
      await site.page.setViewportSize({ width: 390, height: 844 });
      const id = (await site.http.tasks.list({ name: 'demo.fail' })).items[0]!.id;
      for (const hash of [
        '',
        `#/tasks?task=${id}`,
        '#/errors',
        '#/workflows',
        '#/queues',
        '#/workers',
        '#/schedules',
        '#/submit',
        '#/audit',
      ]) {
        await site.open(hash);
        await site.page.getByRole('heading').first().waitFor();
        await site.page.locator('main .loading').first().waitFor({ state: 'detached' });
        expect([hash, await site.page.evaluate<number>('document.documentElement.scrollWidth')]).toEqual([
          hash,
          390,
        ]);
        if (/task=|workers/.test(hash)) await site.isAccessible();
      }
      await site.leave();
    }),
  );
});
