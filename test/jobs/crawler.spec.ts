import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { CrawlerModule } from '#dist/jobs/crawler/crawler.module.js';
import type { CrawlerOptions } from '#dist/jobs/crawler/crawler.options.js';
import { CrawlerTasks } from '#dist/jobs/crawler/crawler.tasks.js';
import type { CrawlInput, CrawlReport } from '#dist/jobs/crawler/crawler.types.js';
import type { TaskHandle, TaskRecord } from '#dist/tasks/index.js';
import { createApplication } from '../support/application.js';
import { createDatabase, type TestDatabase } from '../support/database.js';
import { until } from '../support/until.js';
import { type Answer, linksTo, redirectTo, startWebSite, type WebSite } from '../support/web-site.js';

const TIMEOUT = { timeout: '20s' } as const;
const OPEN: CrawlerOptions = { allowPrivateAddresses: true, delay: 0 };

let database: TestDatabase;
const opened: { close(): Promise<void> }[] = [];

beforeAll(async () => {
  database = await createDatabase();
});
afterEach(async () => {
  for (const one of opened.splice(0).toReversed()) await one.close();
});
afterAll(() => database.drop());

async function serve(pages: Record<string, string | Answer>): Promise<WebSite> {
  const site = await startWebSite(pages);
  opened.push(site);
  return site;
}

async function submit(input: CrawlInput, options: CrawlerOptions = OPEN): Promise<TaskHandle<CrawlReport>> {
  const application = await createApplication(database.url, { imports: [CrawlerModule.forRoot(options)] });
  opened.push(application);
  await application.startWorker();
  return application.tasks.of(CrawlerTasks).crawl.applyAsync([input], { retry: { delay: 0 } });
}

const crawl = async (input: CrawlInput, options?: CrawlerOptions): Promise<CrawlReport> =>
  (await submit(input, options)).get(TIMEOUT);

const failed = async (input: CrawlInput, options?: CrawlerOptions): Promise<TaskRecord> => {
  const handle = await submit(input, options);
  await handle.get(TIMEOUT).catch(() => undefined);
  return handle.record();
};

const paths = ({ pages }: CrawlReport): string[] =>
  pages.map(({ url }) => new URL(url).pathname + new URL(url).search);
const binary: Answer = (_request, response) =>
  response.writeHead(200, { 'content-type': 'application/pdf' }).end('%PDF <a href="/never">');

describe('crawler.crawl', () => {
  it('visits each page of a site once, breadth first, and reports on it', async () => {
    const site = await serve({
      '/': `<title>Home</title>${linksTo('/a', '/b#top', '/b?', 'https://elsewhere.example/', '/file.pdf')}`,
      '/a': `<title>A</title>${linksTo('/', '/a', '/b', '/deep')}`,
      '/b': `<title>B</title>${linksTo('/a', '/')}`,
      '/deep': linksTo('/too-deep'),
      '/file.pdf': binary,
    });
    const handle = await submit({ url: site.origin });
    const report = await handle.get(TIMEOUT);
    expect(paths(report)).toEqual(['/', '/a', '/b', '/file.pdf', '/deep']);
    expect(report.pages[0]).toEqual({
      url: `${site.origin}/`,
      depth: 0,
      status: 200,
      contentType: 'text/html',
      title: 'Home',
      links: 4,
      redirectedTo: null,
      error: null,
    });
    expect(report.pages[3]).toMatchObject({ contentType: 'application/pdf', title: null, links: 0 });
    expect(report).toMatchObject({
      externalLinks: 1,
      broken: [],
      brokenCount: 0,
      disallowed: 0,
      notVisited: 0,
    });
    expect(site.requests.map(({ path }) => path)).toEqual(['/robots.txt', ...paths(report)]);
    expect(new Set(site.requests.map(({ userAgent }) => userAgent))).toEqual(
      new Set(['CeleriacCrawler/1.0']),
    );
    expect((await handle.record()).progress).toMatchObject({ current: 5, total: 5 });
  });

  it('goes no deeper and visits no more than it was told', async () => {
    const chain: Record<string, string> = {};
    for (let i = 0; i < 20; i++) chain[`/${i === 0 ? '' : i}`] = linksTo(`/${i + 1}`, `/${i + 2}`);
    const site = await serve(chain);
    expect(paths(await crawl({ url: site.origin, depth: 0 }))).toEqual(['/']);
    expect(paths(await crawl({ url: site.origin, depth: 2 }))).toEqual(['/', '/1', '/2', '/3', '/4']);
    const few = await crawl({ url: site.origin, depth: 5, maxPages: 3 });
    expect(paths(few)).toEqual(['/', '/1', '/2']);
    expect(few.notVisited).toBe(2);
  });

  it('lists the links that lead to nowhere, with the pages that have them', async () => {
    const site = await serve({
      '/': linksTo('/a', '/gone', '/moved'),
      '/a': linksTo('/gone', '/dropped'),
      '/moved': redirectTo('/gone', 301),
      '/dropped': (request) => request.socket.destroy(),
    });
    const { origin } = site;
    const { broken, brokenCount } = await crawl({ url: origin });
    expect(brokenCount).toBe(3);
    expect(broken).toMatchObject([
      { url: `${origin}/gone`, status: 404, linkedFrom: [`${origin}/`, `${origin}/a`], linkedFromCount: 2 },
      { url: `${origin}/moved`, status: 404, linkedFrom: [`${origin}/`] },
      { url: `${origin}/dropped`, status: null, error: { code: 'UNREACHABLE' }, linkedFrom: [`${origin}/a`] },
    ]);
  });

  it('follows redirects within the site only, and not in circles', async () => {
    const other = await serve({ '/': '<title>Other</title>' });
    const site = await serve({
      '/': linksTo('/old', '/round', '/away', '/odd'),
      '/old': redirectTo('/new', 308),
      '/new': '<title>New</title>',
      '/round': redirectTo('/again'),
      '/again': redirectTo('/round'),
      '/away': redirectTo(`${other.origin}/`),
      '/odd': redirectTo('file:///etc/passwd'),
    });
    const report = await crawl({ url: site.origin });
    const found = Object.fromEntries(report.pages.map((page) => [new URL(page.url).pathname, page]));
    expect(found['/old']).toMatchObject({ status: 308, redirectedTo: `${site.origin}/new`, error: null });
    expect(found['/new']).toMatchObject({ status: 200, title: 'New', depth: 1 });
    expect(found['/round']?.error?.code).toBe('REDIRECT_LOOP');
    expect(found['/again']?.error?.code).toBe('REDIRECT_LOOP');
    expect(found['/away']).toMatchObject({ redirectedTo: `${other.origin}/`, error: { code: 'OTHER_SITE' } });
    expect(found['/odd']?.error?.code).toBe('REDIRECT_REFUSED');
    expect(report.broken.map(({ url }) => new URL(url).pathname)).toEqual(['/round', '/odd']);
    expect(other.requests).toEqual([]);
  });

  it('obeys robots.txt, its delay included as far as that is reasonable', async () => {
    const site = await serve({
      '/robots.txt': (_request, response) =>
        response.end('User-agent: CeleriacCrawler\nDisallow: /private\nCrawl-delay: 3600'),
      '/': linksTo('/private/a', '/private/b', '/open'),
      '/open': '',
    });
    const report = await crawl({ url: site.origin }, { ...OPEN, maxDelay: 60 });
    expect(paths(report)).toEqual(['/', '/open']);
    expect(report).toMatchObject({ disallowed: 2, delay: 60 });
    const times = site.requests.map(({ at }) => at);
    for (let i = 1; i < times.length; i++) expect(times[i]! - times[i - 1]!).toBeGreaterThan(50);

    const { attempt, error } = await failed({ url: `${site.origin}/private/` });
    expect([attempt, error?.code]).toEqual([1, 'DISALLOWED_BY_ROBOTS']);
  });

  it('reads no more of a page than allowed, and waits no longer', async () => {
    let sent = 0;
    const endless: Answer = (_request, response) => {
      response.writeHead(200, { 'content-type': 'text/html' });
      response.write(`<title>Huge</title>${linksTo('/found')}`);
      const write = (): void => {
        while (!response.destroyed && response.write('x'.repeat(65_536))) sent += 65_536;
      };
      response.on('drain', write);
      write();
    };
    const site = await serve({
      '/': linksTo('/huge', '/slow', '/slower'),
      '/huge': endless,
      '/slow': () => undefined,
      '/slower': (_request, response) => {
        response.writeHead(200, { 'content-type': 'text/html' }).write('<title>Never');
      },
      '/found': '',
    });
    const options = { ...OPEN, requestTimeout: 500, maxPageBytes: 300_000 };
    const report = await crawl({ url: site.origin }, options);
    expect(report.pages.map(({ status, title, error }) => [status, title, error?.code])).toEqual([
      [200, null, undefined],
      [200, 'Huge', 'PAGE_TOO_LARGE'],
      [null, null, 'TIMED_OUT'],
      [null, null, 'TIMED_OUT'],
      [200, null, undefined],
    ]);
    expect(sent).toBeLessThan(20_000_000);
    expect(report.broken.map(({ url }) => new URL(url).pathname)).toEqual(['/slow', '/slower']);
  });

  it('stops at once when it is revoked', async () => {
    const site = await serve({ '/': () => undefined });
    const handle = await submit({ url: site.origin });
    await until('the page is asked for', () => site.requests.length === 2);
    await handle.revoke();
    await handle.get(TIMEOUT).catch(() => undefined);
    expect((await handle.record()).state).toBe('REVOKED');
  });

  it('tries again while the site does not answer, and not when the input is wrong', async () => {
    let answers = 0;
    const site = await serve({
      '/robots.txt': (_request, response) => response.writeHead(++answers < 3 ? 503 : 404).end(),
      '/': '<title>Back</title>',
    });
    const handle = await submit({ url: site.origin });
    expect((await handle.get(TIMEOUT)).pages[0]?.title).toBe('Back');
    expect((await handle.record()).attempt).toBe(3);
    await site.close();
    opened.splice(opened.indexOf(site), 1);
    expect(await failed({ url: site.origin })).toMatchObject({
      attempt: 3,
      error: { code: 'SITE_UNREACHABLE' },
    });
    expect(await failed({ url: 'ftp://example.com' })).toMatchObject({
      attempt: 1,
      error: { code: 'INVALID_INPUT' },
    });
  });
});

describe('crawler.crawl without permission for private addresses', () => {
  const refused = { attempt: 1, error: { name: 'CrawlError', code: 'ADDRESS_REFUSED' } };

  it.each([
    '127.0.0.1',
    'localhost',
    '0x7f.1',
    '2130706433',
    '0',
    '[::1]',
    '[::ffff:127.0.0.1]',
    '[::ffff:7f00:1]',
  ])('does not connect to %s', async (host) => {
    const site = await serve({ '/': '<title>Secret</title>' });
    const record = await failed({ url: `http://${host}:${site.port}/` }, { delay: 0 });
    expect(record).toMatchObject(refused);
    expect(site.requests).toEqual([]);
  });

  it('does not connect to a public name that leads to this machine, nor says where it leads', async () => {
    const site = await serve({ '/': '<title>Secret</title>' });
    for (const addresses of [
      [{ address: '127.0.0.1', family: 4 }],
      [
        { address: '93.184.216.34', family: 4 },
        { address: '::ffff:7f00:1', family: 6 },
      ],
      [],
    ]) {
      const resolve = () => Promise.resolve(addresses);
      const record = await failed({ url: `http://www.example.com:${site.port}/` }, { delay: 0, resolve });
      expect(record).toMatchObject(refused);
      expect(record.error?.message).not.toContain('127.0.0.1');
    }
    expect(site.requests).toEqual([]);
  });
});

it('a name is asked for again with each connection, and the check with it', async () => {
  const site = await serve({
    '/': (_request, response) => {
      // the next request needs a connection of its own
      response.writeHead(200, { 'content-type': 'text/html', connection: 'close' }).end(linksTo('/next'));
    },
    '/robots.txt': (_request, response) => response.writeHead(404, { connection: 'close' }).end(),
  });
  let asked = 0;
  const resolve = () => Promise.resolve(++asked < 3 ? [{ address: '127.0.0.1', family: 4 }] : []);
  const report = await crawl({ url: `http://www.example.com:${site.port}/` }, { ...OPEN, resolve });
  expect(asked).toBe(3);
  expect(report.pages[1]?.error?.code).toBe('ADDRESS_REFUSED');
  expect(site.requests.map(({ path }) => path)).toEqual(['/robots.txt', '/']);
});
