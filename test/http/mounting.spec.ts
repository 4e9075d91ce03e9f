import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { VersioningType, type INestApplication } from '@nestjs/common';
import { TasksHttpModule, type TasksHttpExtras, type TasksHttpOptions } from '#dist/tasks/http/index.js';
import { resolveHttpOptions } from '#dist/tasks/http/tasks-http.options.js';
import { createDatabase, type TestDatabase } from '../support/database.js';
import { EventStream } from '../support/event-stream.js';
import { ADAPTERS, createHttpApplication } from '../support/http-application.js';
import { InputTasks } from './bad-requests.js';

interface Mounting {
  what: string;
  http?: TasksHttpOptions & TasksHttpExtras;
  configure?: (app: INestApplication) => unknown;
  /** Where the routes are. */
  at: string;
  /** What links begin with, where that is not where the routes are. */
  links?: string;
}

const uri = (app: INestApplication) =>
  app.enableVersioning({ type: VersioningType.URI, defaultVersion: '7' }).setGlobalPrefix('api');

const MOUNTINGS: Mounting[] = [
  { what: 'as they are', at: '/tasks' },
  { what: 'under a path of several parts', http: { path: 'background/jobs' }, at: '/background/jobs' },
  { what: 'under a global prefix', configure: (app) => app.setGlobalPrefix('api/v2'), at: '/api/v2/tasks' },
  {
    what: 'under a global prefix of the same name',
    configure: (app) => app.setGlobalPrefix('tasks'),
    at: '/tasks/tasks',
  },
  { what: 'neutral beside URI versions', configure: uri, at: '/api/tasks' },
  {
    what: 'neutral beside versions in a header',
    configure: (app) =>
      app.enableVersioning({ type: VersioningType.HEADER, header: 'X-Version', defaultVersion: '1' }),
    at: '/tasks',
  },
  {
    what: 'behind a proxy that adds a host and a path',
    http: { publicUrl: 'https://example.com/shop/' },
    configure: (app) => app.setGlobalPrefix('api'),
    at: '/api/tasks',
    links: 'https://example.com/shop/api/tasks',
  },
];

for (const adapter of ADAPTERS)
  describe(`the routes on ${adapter}`, () => {
    let database: TestDatabase;

    beforeAll(async () => {
      database = await createDatabase();
    });
    afterAll(() => database.drop());

    for (const { what, http: options, configure, at, links = at } of MOUNTINGS)
      it(`work ${what}, and links lead there`, async () => {
        const http = await createHttpApplication(
          adapter,
          database.url,
          { providers: [InputTasks] },
          {
            ...(options && { http: options }),
            ...(configure && { configure }),
          },
        );
        try {
          const path = encodeURI(`${at}/input.add?x=/y/`);
          const { status, headers, body } = await http.client.post<{ id: string }>(path, { args: [1, 2] });
          expect(status).toBe(202);
          expect(headers.get('location')).toBe(`${links}/${body.id}`);
          expect(body).toMatchObject({
            statusUrl: `${links}/${body.id}`,
            eventsUrl: `${links}/${body.id}/events`,
          });
          expect(await http.client.get(`${at}/${body.id}`)).toMatchObject({
            status: 200,
            body: { id: body.id },
          });
          expect((await http.client.get(at)).status).toBe(200);
          expect(
            (await http.client.post(`${at}/bulk`, { tasks: [{ name: 'input.add', args: [1, 2] }] })).status,
          ).toBe(202);
          const stream = await EventStream.open(`${http.url}${at}/${body.id}/events`);
          expect(stream.response.status).toBe(200);
          expect(await http.client.post(`${at}/${body.id}/revoke`)).toMatchObject({
            body: { state: 'REVOKED' },
          });
          await stream.all();
          expect((await http.client.get(`${at}/queues`)).status).toBe(200);
          // errors have their shape there as well
          expect(await http.client.get(`${at}/17`)).toMatchObject({
            status: 400,
            body: { code: 'INVALID_ID' },
          });
          expect(await http.client.get(`${at}/a/b/c`)).toMatchObject({
            status: 404,
            body: { code: 'NOT_FOUND' },
          });
        } finally {
          await http.close();
        }
      });

    it('take their other options from an async factory', async () => {
      const http = await createHttpApplication(
        adapter,
        database.url,
        { providers: [InputTasks] },
        {
          httpModule: TasksHttpModule.forRootAsync({
            path: 'jobs',
            useFactory: () =>
              Promise.resolve({
                keys: [{ role: 'admin', owner: '*', key: '0123456789abcdef' }],
                publicUrl: 'http://a.b',
              } as const),
          }),
        },
      );
      expect((await http.client.get('/jobs')).status).toBe(401);
      const { headers } = await http.client.as('0123456789abcdef').post('/jobs/input.add', { args: [1, 2] });
      expect(headers.get('location')).toMatch(/^http:\/\/a\.b\/jobs\/[\da-f-]{36}$/);
      await http.close();
    });
  });

describe('options of TasksHttpModule', () => {
  const refusal = (options: object) => {
    try {
      TasksHttpModule.forRoot(options);
    } catch (error) {
      return (error as Error).message;
    }
    return undefined;
  };

  it('that are wrong are errors that name them', () => {
    expect(refusal({ path: '/tasks' })).toMatch(/^path: expected a path such as 'tasks'/);
    expect(refusal({ path: 'a b' })).toMatch(/^path: /);
    for (const [options, message] of [
      [{ publicUrl: 'example.com' }, /^publicUrl: expected a URL such as/],
      [{ publicUrl: 'ftp://example.com' }, /^publicUrl: /],
      [{ publicUrl: 'https://example.com?a' }, /^publicUrl: /],
      [{ keys: [] }, /^keys: expected at least one key/],
      [
        { keys: [{ role: 'admin', owner: '*', key: '0123456789abcdef' }], anonymous: true },
        /^keys: expected only one of/,
      ],
      [{ keepAlive: 'soon' }, /^keepAlive: /],
      [{ keepAlive: 0 }, /^keepAlive: /],
      [{ publicURL: 'http://a.b' }, /^publicURL: expected one of .*did you mean 'publicUrl'/],
    ] as const)
      expect(() => resolveHttpOptions(options as never)).toThrow(message);
  });
});
