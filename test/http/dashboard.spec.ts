import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Injectable, UnauthorizedException, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { createDashboardApplication } from '../support/dashboard-application.js';
import { createDatabase, type TestDatabase } from '../support/database.js';
import { ADAPTERS, type HttpApplication } from '../support/http-application.js';

const KEY = 'an-admin-key-of-some-length';
const MOST_BYTES = 120_000;

@Injectable()
class BadgeGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    if (context.switchToHttp().getRequest<{ headers: Record<string, string> }>().headers.badge) return true;
    throw new UnauthorizedException();
  }
}

for (const adapter of ADAPTERS)
  describe(`the dashboard on ${adapter}`, () => {
    let database: TestDatabase;
    let http: HttpApplication;

    beforeAll(async () => {
      database = await createDatabase();
    });
    afterAll(() => database.drop());

    const start = async (options: Parameters<typeof createDashboardApplication>[2]) => {
      http = await createDashboardApplication(adapter, database.url, options);
      return http;
    };
    const get = (path: string, headers: Record<string, string> = {}) =>
      fetch(http.url + path, { headers, redirect: 'manual' });
    const filesOf = (html: string) =>
      [...html.matchAll(/(?:src|href)="\.\/([^"]+)"/g)].map(([, name]) => name!);

    it('is served whole under any path and prefix, and is small', async () => {
      await start({ configure: (app) => app.setGlobalPrefix('a/b'), dashboard: { path: 'ops/tasks' } });
      try {
        const moved = await get('/a/b/ops/tasks');
        expect(moved.status).toBe(302);
        expect(new URL(moved.headers.get('location')!, `${http.url}/a/b/ops/tasks`).pathname).toBe(
          '/a/b/ops/tasks/',
        );
        const page = await get('/a/b/ops/tasks/');
        expect(page.status).toBe(200);
        expect(page.headers.get('content-type')).toMatch('text/html');
        const html = await page.text();
        let bytes = gzipSync(html).length;
        const files = filesOf(html);
        expect(files.length).toBeGreaterThanOrEqual(3);
        for (const name of files) {
          const file = await get(`/a/b/ops/tasks/${name}`);
          expect([name, file.status]).toEqual([name, 200]);
          expect(file.headers.get('content-encoding')).toBe('gzip');
          bytes += gzipSync(Buffer.from(await file.arrayBuffer())).length;
        }
        expect(bytes).toBeLessThan(MOST_BYTES);
        const { api } = (await (await get('/a/b/ops/tasks/config.json')).json()) as { api: string };
        expect(new URL(`${api}/registered`, `${http.url}/a/b/ops/tasks/`).pathname).toBe(
          '/a/b/tasks/registered',
        );
      } finally {
        await http.close();
      }
    });

    it('is held together by a strict policy, and gives nothing that is not its own', async () => {
      await start({});
      try {
        const { headers } = await get('/dashboard/');
        expect(headers.get('content-security-policy')).toBe(
          "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
        );
        expect(headers.get('x-content-type-options')).toBe('nosniff');
        expect(headers.get('referrer-policy')).toBe('no-referrer');
        expect(headers.get('cache-control')).toBe('no-store');
        for (const name of ['package.json', '..%2f..%2fpackage.json', '__proto__', 'constructor'])
          expect([name, (await get(`/dashboard/${name}`)).status]).toEqual([name, 404]);
      } finally {
        await http.close();
      }
    });

    it('lets nobody past the guards of the application, nor others than this machine without keys', async () => {
      await start({ dashboard: { guards: [BadgeGuard] } });
      try {
        for (const path of ['/dashboard', '/dashboard/', '/dashboard/config.json'])
          expect([path, (await get(path)).status]).toEqual([path, 401]);
        expect((await get('/dashboard/', { badge: 'yes' })).status).toBe(200);
        expect((await get('/dashboard/', { badge: 'yes', 'x-forwarded-for': '10.0.0.1' })).status).toBe(403);
      } finally {
        await http.close();
      }
    });

    it('logs in with a key into a cookie that ends, and that other sites cannot use', async () => {
      await start({
        http: { keys: [{ role: 'admin', owner: '*', key: KEY }] },
        dashboard: { session: '1h' },
      });
      try {
        expect((await get('/dashboard/')).status).toBe(200);
        expect(await (await get('/dashboard/config.json')).json()).toMatchObject({
          login: true,
          principal: null,
        });
        const wrong = await http.client.post('/dashboard/login', { key: 'another-key-of-some-length' });
        expect(wrong).toMatchObject({ status: 401, body: { code: 'UNAUTHENTICATED' } });
        const elsewhere = await http.client.post(
          '/dashboard/login',
          { key: KEY },
          { 'sec-fetch-site': 'cross-site' },
        );
        expect(elsewhere).toMatchObject({ status: 403, body: { code: 'CROSS_SITE' } });
        const { status, headers } = await http.client.post('/dashboard/login', { key: KEY });
        expect(status).toBe(200);
        const cookie = headers.get('set-cookie')!;
        expect(cookie).toMatch(/; Path=\/; Max-Age=3600; HttpOnly; SameSite=Strict$/);
        const browser = http.client.with({ cookie: cookie.split(';')[0]! });
        expect((await browser.get('/dashboard/config.json')).body).toMatchObject({
          principal: { role: 'admin' },
        });
        expect((await browser.get('/tasks')).status).toBe(200);
        expect((await browser.post('/tasks/shop.add', { args: [1, 2] })).status).toBe(202);
        const forged = await browser.post(
          '/tasks/shop.add',
          { args: [1, 2] },
          { 'sec-fetch-site': 'cross-site' },
        );
        expect(forged).toMatchObject({ status: 403, body: { code: 'CROSS_SITE' } });
        const [until, signature] = cookie.split(';')[0]!.split('=')[1]!.split('.');
        for (const token of [`${Number(until) + 1}.${signature}`, `1.${signature}`, '', 'x', `${until}.`])
          expect([token, (await get('/tasks', { cookie: `celeriac_session=${token}` })).status]).toEqual([
            token,
            401,
          ]);
        const forced = await browser.post('/dashboard/logout', undefined, { 'sec-fetch-site': 'cross-site' });
        expect(forced).toMatchObject({ status: 403, body: { code: 'CROSS_SITE' } });
        expect(forced.headers.get('set-cookie')).toBeNull();
        const out = await browser.post('/dashboard/logout');
        expect(out.headers.get('set-cookie')).toMatch('Max-Age=0');
      } finally {
        await http.close();
      }
    });

    it('keeps the session to HTTPS where that is how browsers come, whatever a proxy makes of it', async () => {
      const publicUrl = 'https://jobs.example.com';
      await start({ http: { keys: [{ role: 'admin', owner: '*', key: KEY }], publicUrl } });
      try {
        const { headers } = await http.client.post('/dashboard/login', { key: KEY });
        expect(headers.get('set-cookie')).toMatch(/; SameSite=Strict; Secure$/);
      } finally {
        await http.close();
      }
    });
  });
