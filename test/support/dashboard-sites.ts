import { expect } from '@jest/globals';
import type { Browser, BrowserContext, Locator, Page } from 'playwright-core';
import type { TasksDashboardOptions } from '#dist/tasks/dashboard/index.js';
import { openBrowser, openContext, openPage, violations } from './browser.js';
import { createDashboardApplication } from './dashboard-application.js';
import { createDatabase, type TestDatabase } from './database.js';
import {
  ADAPTERS,
  type Adapter,
  type HttpApplication,
  type HttpApplicationOptions,
} from './http-application.js';
import { WorkerProcess } from './worker-process.js';

/** The dashboard of one application, and a page that looks at it. */
export class DashboardSite {
  page!: Page;
  private complaints: string[] = [];

  constructor(
    readonly adapter: Adapter,
    readonly http: HttpApplication,
    private readonly context: BrowserContext,
    private readonly database: TestDatabase,
    /** Of the page. */
    readonly url: string,
    readonly prefix: string,
  ) {}

  async newPage(): Promise<void> {
    ({ page: this.page, complaints: this.complaints } = await openPage(this.context));
  }

  async open(hash = ''): Promise<void> {
    await this.page.goto(this.url + hash);
    await this.page.locator('main').waitFor();
  }

  get drawer(): Locator {
    return this.page.locator('.drawer');
  }

  get dialog(): Locator {
    return this.page.getByRole('dialog');
  }

  row(name: string): Locator {
    return this.page.locator('.task-rows [role=row]', { hasText: name }).first();
  }

  button(name: string | RegExp): Locator {
    return this.page.getByRole('button', { name });
  }

  async submit(name: string, args: unknown[], options = {}): Promise<string> {
    return (await this.http.tasks.submit(name, args, options)).id;
  }

  /** @returns its id */
  async workflow(workflow: object): Promise<string> {
    const { status, body } = await this.http.client.post<{ id: string }>(`${this.prefix}/tasks/workflows`, {
      workflow,
    });
    expect([status, body]).toEqual([202, expect.anything()]);
    return body.id;
  }

  startWorkerProcess(): Promise<WorkerProcess> {
    const { url, sql } = this.database;
    return new WorkerProcess(sql, { url }).ready();
  }

  ended(id: string): Promise<unknown> {
    return this.http.tasks
      .handle(id)
      .get({ timeout: '60s' })
      .catch(() => undefined);
  }

  /** The clipboard is the machine's, and two pages at once would share it. @returns what was copied last */
  async watchClipboard(): Promise<() => Promise<string>> {
    await this.page.evaluate(
      `globalThis.copied = ''; navigator.clipboard.writeText = async (text) => { globalThis.copied = text; }`,
    );
    return () => this.page.evaluate<string>('globalThis.copied');
  }

  /** The ids of the tasks that are in sight. */
  listed(): Promise<string[]> {
    return this.page.evaluate<string[]>(
      `[...document.querySelectorAll('[data-task]')].map((link) => link.dataset.task)`,
    );
  }

  /** The page is the same on both adapters: axe looks at one. In the dark only the colours are others. */
  async isAccessible(): Promise<void> {
    if (this.adapter !== 'express') return;
    expect(await violations(this.page)).toEqual([]);
    await this.page.emulateMedia({ colorScheme: 'dark' });
    expect(await violations(this.page, ['color-contrast'])).toEqual([]);
    await this.page.emulateMedia({ colorScheme: 'light' });
  }

  async leave(): Promise<void> {
    expect(this.complaints).toEqual([]);
    await this.page.close();
  }
}

/** The dashboard on Express and on Fastify, under another prefix each, with a database and a worker. */
export class DashboardSites {
  private constructor(
    private readonly browser: Browser,
    private readonly databases: readonly TestDatabase[],
    private readonly sites: readonly DashboardSite[],
  ) {}

  static async start(
    options: HttpApplicationOptions & { dashboard?: TasksDashboardOptions } = {},
  ): Promise<DashboardSites> {
    const browser = await openBrowser();
    const databases = await Promise.all(ADAPTERS.map(createDatabase));
    const sites = await Promise.all(
      ADAPTERS.map(async (adapter, i) => {
        const onExpress = adapter === 'express';
        const http = await createDashboardApplication(adapter, databases[i]!.url, {
          ...(onExpress && {
            configure: (app) => app.setGlobalPrefix('ops'),
            dashboard: { path: 'jobs/dashboard' },
          }),
          ...options,
        });
        await http.worker.start();
        return new DashboardSite(
          adapter,
          http,
          await openContext(browser),
          databases[i]!,
          `${http.url}/${onExpress ? 'ops/jobs/dashboard/' : 'dashboard/'}`,
          onExpress ? '/ops' : '',
        );
      }),
    );
    return new DashboardSites(browser, databases, sites);
  }

  /** Does it on both at once, each with a new page. */
  async run(scenario: (site: DashboardSite) => Promise<void>): Promise<void> {
    await Promise.all(
      this.sites.map(async (site) => {
        await site.newPage();
        await scenario(site).catch((error: unknown) => {
          throw new Error(`on ${site.adapter}: ${(error as Error).message}`, { cause: error });
        });
      }),
    );
  }

  async stop(): Promise<void> {
    await this.browser.close();
    await Promise.all(this.sites.map((site) => site.http.close()));
    await Promise.all(this.databases.map((database) => database.drop()));
  }
}
