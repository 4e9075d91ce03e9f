import { request } from 'node:http';
import { networkInterfaces } from 'node:os';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createDatabase, type TestDatabase } from '../support/database.js';
import { ADAPTERS, createHttpApplication, type HttpApplication } from '../support/http-application.js';
import { InputTasks } from './bad-requests.js';

const UNKNOWN = '/tasks/01930000-0000-7000-8000-000000000000';

interface Answer {
  status: number;
  code: string | undefined;
}

/** As fetch cannot: with a Host header, and headers that browsers alone set. */
function ask(
  url: string,
  method: string,
  path: string,
  headers: Record<string, string>,
  body?: string,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sent = request(new URL(path, url), { method, headers }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (part: string) => (text += part));
      response.on('end', () => {
        const { code } = JSON.parse(text) as { code?: string };
        resolve({ status: response.statusCode!, code });
      });
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

for (const adapter of ADAPTERS)
  describe(`without keys on ${adapter}`, () => {
    let database: TestDatabase;
    let http: HttpApplication;

    beforeAll(async () => {
      database = await createDatabase();
      http = await createHttpApplication(
        adapter,
        database.url,
        { providers: [InputTasks] },
        { http: { publicUrl: 'https://jobs.example.com/api' } },
      );
    });
    afterAll(async () => {
      await http.close();
      await database.drop();
    });

    const get = (headers: Record<string, string>) => ask(http.url, 'GET', UNKNOWN, headers);
    const submit = (headers: Record<string, string>) =>
      ask(
        http.url,
        'POST',
        '/tasks/input.add',
        { 'content-type': 'application/json', ...headers },
        '{"args":[1,2]}',
      );
    const answered = { status: 404, code: 'TASK_NOT_FOUND' };
    const refused = { status: 403, code: 'FORBIDDEN' };

    it('answers this machine under its own names', async () => {
      for (const host of [
        'localhost',
        'localhost:3000',
        'LOCALHOST',
        '127.0.0.1:80',
        '127.8.9.1',
        '[::1]:3000',
        '[::1]',
      ])
        expect([host, await get({ host })]).toEqual([host, answered]);
    });

    it('refuses the names that a page of another site or a rebound name would send', async () => {
      for (const host of [
        'example.com',
        'localhost.example.com',
        '127.0.0.1.nip.io',
        '192.168.1.5:3000',
        '0.0.0.0',
        ' ',
      ])
        expect([host, await get({ host })]).toEqual([host, refused]);
    });

    it('refuses what a proxy passes on', async () => {
      for (const name of [
        'forwarded',
        'via',
        'x-real-ip',
        'x-forwarded-for',
        'x-forwarded-host',
        'x-forwarded-proto',
      ])
        expect([name, await get({ [name]: '127.0.0.1' })]).toEqual([name, refused]);
    });

    it('refuses what comes over the network', async () => {
      const address = Object.values(networkInterfaces())
        .flat()
        .find((each) => each?.family === 'IPv4' && !each.internal)?.address;
      // a machine without a network has nobody to refuse
      if (address === undefined) return;
      const other = await createHttpApplication(
        adapter,
        database.url,
        { providers: [InputTasks] },
        { host: '0.0.0.0' },
      );
      try {
        const { port } = new URL(other.url);
        expect(await ask(`http://${address}:${port}`, 'GET', UNKNOWN, { host: 'localhost' })).toEqual(
          refused,
        );
        expect(await ask(`http://127.0.0.1:${port}`, 'GET', UNKNOWN, {})).toEqual(answered);
      } finally {
        await other.close();
      }
    });

    it('lets no page of another site submit, revoke, retry, forget, pause or purge', async () => {
      const crossSite = { status: 403, code: 'CROSS_SITE' };
      for (const headers of [
        { 'sec-fetch-site': 'cross-site' },
        { 'sec-fetch-site': 'same-site' },
        { origin: 'https://evil.example' },
        { origin: 'null' },
        { origin: 'http://localhost:1' },
        { origin: http.url, 'sec-fetch-site': 'cross-site' },
      ]) {
        expect([headers, await submit(headers as Record<string, string>)]).toEqual([headers, crossSite]);
        for (const [method, path] of [
          ['POST', '/tasks/bulk'],
          ['POST', `${UNKNOWN}/revoke`],
          ['POST', `${UNKNOWN}/retry`],
          ['DELETE', UNKNOWN],
          ['POST', '/tasks/queues/default/pause'],
          ['POST', '/tasks/queues/default/purge'],
        ] as const)
          expect(await ask(http.url, method, path, headers as Record<string, string>)).toEqual(crossSite);
      }
      expect((await database.sql.query('SELECT FROM celeriac.task')).rows).toHaveLength(0);
    });

    it('lets its own pages do so, and clients that are no browsers', async () => {
      for (const headers of [
        {},
        { 'sec-fetch-site': 'same-origin' },
        { 'sec-fetch-site': 'none' },
        { origin: http.url },
        { origin: 'https://jobs.example.com' },
      ])
        expect(await submit(headers as Record<string, string>)).toEqual({ status: 202, code: undefined });
    });
  });
