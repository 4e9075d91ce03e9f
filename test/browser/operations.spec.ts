import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { missingChromium } from '../support/browser.js';
import { ShopTasks } from '../support/dashboard-application.js';
import { DashboardSites, type DashboardSite } from '../support/dashboard-sites.js';
import { describeUnless } from '../support/prerequisite.js';
import { until } from '../support/until.js';

describeUnless(missingChromium)('operating in Chromium, on Express and Fastify', () => {
  let sites: DashboardSites;
  beforeAll(async () => {
    sites = await DashboardSites.start();
  });
  afterAll(() => sites?.stop());
  const both = (scenario: (site: DashboardSite) => Promise<void>) => () => sites.run(scenario);

  it(
    'retries all failures of one cause, with their number first',
    both(async (site) => {
      const { page } = site;
      const ids = await Promise.all(
        [1, 2, 3].map((n) => site.submit('demo.fail', [`order ${n} has no address`])),
      );
      await Promise.all(ids.map((id) => site.ended(id)));
      await site.open('#/errors?q=no+address');
      const group = page.locator('.group', { hasText: 'order <n> has no address' });
      await group.getByText('3 failures').waitFor();
      await group.getByRole('button', { name: 'Retry all' }).click();
      await site.dialog.getByRole('button', { name: 'Retry 3 tasks' }).click();
      await page.getByText('3 tasks retried').waitFor();
      await group.getByText('6 failures').waitFor();
      await group.getByRole('link', { name: 'in demo.fail' }).click();
      await until(
        'the three are listed',
        async () => (await page.locator('.task-rows [role=row]').count()) === 3,
      );
      await site.isAccessible();
      await site.leave();
    }),
  );

  it(
    'pauses, resumes and purges queues',
    both(async (site) => {
      const { page } = site;
      await site.open('#/queues');
      await site.button('Pause default').click();
      await site.button('Resume default').waitFor();
      const id = await site.submit('shop.add', [1, 1]);
      const purge = page.getByRole('row', { name: 'default' }).getByRole('button', { name: 'Purge' });
      await until('it is counted', () => purge.isEnabled());
      await purge.click();
      await site.dialog.getByRole('button', { name: 'Purge 1' }).click();
      await page.getByText('1 tasks of default were revoked').waitFor();
      expect(await site.http.tasks.handle(id).state()).toBe('REVOKED');
      await site.button('Resume default').click();
      await site.button('Pause default').waitFor();
      await site.isAccessible();
      await site.leave();
    }),
  );

  it(
    'shows workers and tells them what to do',
    both(async (site) => {
      const { page } = site;
      await site.open('#/workers');
      const worker = page.getByRole('row', { name: site.http.worker.name });
      await worker.getByText('of 10').waitFor();
      await worker.locator('summary').click();
      await worker.getByRole('button', { name: 'One slot more' }).click();
      await worker.getByText('of 11').waitFor();
      await worker.getByRole('button', { name: 'Pause' }).click();
      await worker.getByText('paused').waitFor();
      await worker.getByRole('button', { name: 'Resume' }).click();
      await worker.getByText('alive').waitFor();
      await worker.getByRole('button', { name: 'One slot less' }).click();
      await worker.getByText('of 10').waitFor();
      await worker.getByLabel(/^Queue for/).fill('images');
      await worker.getByRole('button', { name: 'Take from it too' }).click();
      await worker.getByRole('cell', { name: /images/ }).waitFor();
      await worker.getByRole('button', { name: 'Stop taking from it' }).click();
      await page.getByText('no longer takes from images').waitFor();
      await site.leave();
    }),
  );

  it(
    'shuts a worker down, which ends in good order',
    both(async (site) => {
      // a process of its own: that of this test must not end
      const worker = await site.startWorkerProcess();
      await site.open('#/workers');
      const row = site.page.getByRole('row', { name: String(worker.pid) });
      await row.locator('summary').click();
      await row.getByRole('button', { name: 'Shut down…' }).click();
      await site.dialog.getByText('Nothing starts it again').waitFor();
      await site.dialog.getByRole('button', { name: 'Shut down 1 worker' }).click();
      expect((await worker.ended()).code).toBe(0);
      await row.getByText('gone').waitFor();
      await site.leave();
    }),
  );

  it(
    'changes the limits of a task, and gives them back to its code',
    both(async (site) => {
      const { page } = site;
      await site.open('#/workers');
      await page.getByLabel('Task to limit').fill('shop.add');
      await page.getByLabel('Rate').fill('30/m');
      await page.getByLabel('Time limit', { exact: true }).fill('20s');
      await site.button('Change limits').click();
      const limits = page.getByRole('row', { name: /^shop\.add/ });
      await limits.getByText('30 a minute').waitFor();
      await limits.getByText('20 s').waitFor();
      await site.isAccessible();
      await site.button('Reset shop.add').click();
      await limits.waitFor({ state: 'detached' });
      await site.leave();
    }),
  );

  it(
    'draws a workflow and follows it: fifty at once, one that fails, its retry, and the end of all',
    both(async (site) => {
      const { page } = site;
      const fifty = Array.from({ length: 50 }, (_, i) =>
        i === 7
          ? { name: 'shop.charge', args: ['ada'], immutable: true }
          : {
              chain: [
                { name: 'shop.add', args: [i, i], immutable: true },
                { name: 'shop.add', args: [1] },
              ],
            },
      );
      await site.workflow({
        chain: [{ name: 'shop.pack', args: [] }, { group: fifty }, { name: 'shop.count' }],
      });
      await site.open('#/workflows');
      await page.getByRole('row', { name: 'shop.count' }).getByText('waiting').waitFor();
      await page.getByRole('link', { name: 'shop.count' }).click();
      const graph = page.locator('.graph');
      await graph.getByRole('link', { name: 'shop.pack, started, 25 %' }).waitFor();
      expect(await graph.locator('.node-waiting').count()).toBe(100);
      const shop = site.http.app.get(ShopTasks);
      shop.finish();
      await graph.getByRole('link', { name: /shop.charge, failure, the bank refused/ }).waitFor();
      await page.getByText('99 of 101 succeeded, 2 failed').waitFor();
      await site.isAccessible();
      shop.mend();
      await graph.getByRole('link', { name: /shop.charge, failure/ }).click();
      await site.drawer.getByRole('button', { name: 'Retry' }).click();
      await site.drawer.getByText('charged ada').waitFor();
      await site.drawer.getByRole('link', { name: /Part of the workflow/ }).click();
      await page.getByText('101 of 101 succeeded').waitFor();
      expect(await graph.locator('.node-success').count()).toBe(101);
      await site.leave();
    }),
  );

  it(
    'resumes a workflow from what failed, and revokes what is left of one',
    both(async (site) => {
      const { page } = site;
      const shop = site.http.app.get(ShopTasks);
      shop.mend(false);
      const id = await site.workflow({
        chain: [
          { name: 'shop.add', args: [1, 2] },
          { name: 'shop.charge', args: ['ada'], immutable: true },
          { name: 'shop.count' },
        ],
      });
      await site.open(`#/workflows/${id}`);
      await page.locator('.workflow-head .state-failure').waitFor();
      shop.mend();
      await site.button('Resume').click();
      await page.getByText('3 of 3 succeeded').waitFor();
      const other = await site.workflow({
        chain: [
          { name: 'shop.add', args: [1, 2], options: { countdown: '1h' } },
          { name: 'shop.charge', args: ['ada'], immutable: true },
        ],
      });
      await site.open(`#/workflows/${other}`);
      await site.button('Revoke…').click();
      await site.dialog.getByRole('button', { name: 'Revoke 2' }).click();
      await page.locator('.workflow-head .state-revoked').waitFor();
      await site.leave();
    }),
  );

  it(
    'makes a form of a task’s schema, or of its method’s parameters',
    both(async (site) => {
      const { page } = site;
      await site.open('#/submit?name=shop.add');
      await page.getByLabel('x (number)').fill('20');
      await page.getByLabel('y (number)').fill('22');
      await site.button('Submit shop.add').click();
      await site.drawer.getByText('42', { exact: true }).waitFor();
      await site.open('#/submit?name=shop.order');
      await page.getByLabel('amount').fill('1250');
      await page.getByText('In cents').waitFor();
      await page.getByLabel('currency').selectOption('EUR');
      await site.button('Submit shop.order').click();
      await site.drawer.getByText('"currency": "EUR"').waitFor();
      await site.isAccessible();
      await site.leave();
    }),
  );

  it(
    'shows schedules in plain language with their next runs, pauses, resumes and runs them',
    both(async (site) => {
      const { page } = site;
      await site.open('#/schedules');
      const schedule = page.getByRole('row', { name: 'demo.hello' });
      await schedule.getByText('Monday through Friday').waitFor();
      await schedule.getByText('Next runs').click();
      await until('five are listed', async () => (await schedule.locator('li').count()) === 5);
      await schedule.getByRole('button', { name: 'Resume demo.hello' }).click();
      await schedule.getByRole('button', { name: 'Pause demo.hello' }).click();
      await schedule.getByText('paused').waitFor();
      await schedule.getByRole('button', { name: 'Run demo.hello now' }).click();
      await page.getByText('was submitted').waitFor();
      await site.http.client.post(`${site.prefix}/tasks/schedules`, {
        name: 'sums',
        task: 'shop.add',
        every: '10m',
        args: [1, 2],
      });
      const sums = page.getByRole('row', { name: 'sums' });
      await sums.getByText('every 10 minutes').waitFor();
      await sums.getByRole('button', { name: 'Remove…' }).click();
      await site.dialog.getByRole('button', { name: 'Remove 1 schedule' }).click();
      await sums.waitFor({ state: 'detached' });
      await site.isAccessible();
      await site.leave();
    }),
  );

  it(
    'pauses while nobody looks',
    both(async (site) => {
      const { page } = site;
      await site.open();
      await site.button('Live').waitFor();
      await page.evaluate(`dispatchEvent(new Event('blur'))`);
      await site.button('Paused while away').waitFor();
      await page.evaluate(`dispatchEvent(new Event('focus'))`);
      await site.button('Live').waitFor();
      await site.leave();
    }),
  );

  it(
    'tells who did what, and when',
    both(async (site) => {
      const { page } = site;
      await site.open('#/audit');
      const actions =
        'retry purge pause_queue resume_queue revoke resume pool_grow pool_shrink add_consumer cancel_consumer pause shutdown rate_limit time_limit schedule';
      for (const action of actions.split(' '))
        await page.getByRole('row', { name: action }).first().waitFor();
      await page.getByRole('cell', { name: 'admin' }).first().waitFor();
      await site.isAccessible();
      await site.leave();
    }),
  );
});
