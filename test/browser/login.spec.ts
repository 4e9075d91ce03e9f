import { afterAll, beforeAll, expect, it } from '@jest/globals';
import type { Browser } from 'playwright-core';
import { missingChromium, openBrowser, openContext, openPage, violations } from '../support/browser.js';
import { createDashboardApplication } from '../support/dashboard-application.js';
import { createDatabase, type TestDatabase } from '../support/database.js';
import type { HttpApplication } from '../support/http-application.js';
import { describeUnless } from '../support/prerequisite.js';

const ADMIN = 'an-admin-key-of-some-length';
const READER = 'a-reader-key-of-some-length';

describeUnless(missingChromium)('the dashboard in Chromium, on Fastify and with keys', () => {
  let database: TestDatabase;
  let http: HttpApplication;
  let browser: Browser;

  beforeAll(async () => {
    database = await createDatabase();
    http = await createDashboardApplication('fastify', database.url, {
      http: {
        keys: [
          { role: 'admin', owner: 'ada', key: ADMIN },
          { role: 'read', owner: 'grace', key: READER },
        ],
      },
    });
    await http.worker.start();
    browser = await openBrowser();
  });
  afterAll(async () => {
    await browser?.close();
    await http?.close();
    await database?.drop();
  });

  it('asks for a key, keeps a session that scripts cannot read, works, and logs out', async () => {
    const { page, complaints } = await openPage(await openContext(browser));
    await page.goto(`${http.url}/dashboard`);
    await page.getByLabel('Key').fill('not-the-key-that-is-known');
    await page.getByRole('button', { name: 'Log in' }).click();
    await page.getByText('this key is not known here').waitFor();
    expect(await violations(page)).toEqual([]);
    await page.getByLabel('Key').fill(ADMIN);
    await page.getByRole('button', { name: 'Log in' }).click();
    await page.getByRole('button', { name: 'Run a demonstration task' }).click();
    await page.locator('.drawer .bar').waitFor();
    await page.locator('.drawer').getByRole('button', { name: 'Revoke' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Revoke 1 task' }).click();
    await page.locator('.task-rows .state-revoked').waitFor();
    const [cookie, ...others] = await page.context().cookies();
    expect(others).toEqual([]);
    expect(cookie).toMatchObject({ httpOnly: true, sameSite: 'Strict' });
    expect(cookie!.value).not.toContain(ADMIN);
    expect(await page.evaluate<string>('document.cookie + JSON.stringify(localStorage)')).not.toContain(
      'key',
    );
    await page.reload();
    await page.locator('.task-rows a').first().waitFor();
    await page.goto(`${http.url}/dashboard/#/audit`);
    await page.getByRole('cell', { name: 'ada' }).first().waitFor();
    expect(await violations(page)).toEqual([]);
    await page.getByRole('button', { name: 'Log out' }).click();
    await page.getByLabel('Key').waitFor();
    expect(complaints).toEqual([]);
    await page.context().close();
  });

  it('shows who may only read their own tasks, and nothing to change', async () => {
    const mine = await http.tasks.submit('shop.add', [1, 2], { owner: 'grace' });
    await mine.get({ timeout: '60s' });
    const { page, complaints } = await openPage(await openContext(browser));
    await page.goto(`${http.url}/dashboard/`);
    await page.getByLabel('Key').fill(READER);
    await page.getByRole('button', { name: 'Log in' }).click();
    await page.getByRole('link', { name: 'shop.add' }).click();
    await page.locator('.drawer .timeline').waitFor();
    expect(await page.locator('.task-rows [role=row]').count()).toBe(1);
    expect(await page.getByRole('button', { name: /Retry|Revoke|Forget|Run again/ }).count()).toBe(0);
    expect(await page.getByRole('link', { name: 'Errors' }).count()).toBe(0);
    expect(await violations(page)).toEqual([]);
    expect(complaints).toEqual([]);
    await page.context().close();
  });
});
