import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Injectable } from '@nestjs/common';
import { Task, TaskContext } from '#dist/tasks/index.js';
import { COVERED, Secrets } from '#dist/tasks/http/secrets.js';
import { createDatabase, type TestDatabase } from '../support/database.js';
import { EventStream } from '../support/event-stream.js';
import { createHttpApplication, type HttpApplication } from '../support/http-application.js';
import { until } from '../support/until.js';

@Injectable()
class AccountTasks {
  @Task({ http: true })
  async open(user: string, password: string, ctx: TaskContext): Promise<object> {
    await ctx.progress(1, 2, 'half', { apiKey: 'k-17' });
    return { user, login: { accessToken: `t-${password}` } };
  }
  @Task({ http: true })
  connect(url: string, ctx: TaskContext): void {
    ctx.logger.log(`connects to ${url}`);
    throw new TypeError(`cannot reach ${url}`);
  }
}

describe('secrets', () => {
  const key = (role: 'submit' | 'read' | 'admin') => `${role}-0123456789abcdef`;
  let database: TestDatabase;
  let http: HttpApplication;
  let id: string;

  beforeAll(async () => {
    database = await createDatabase();
    http = await createHttpApplication(
      'express',
      database.url,
      { providers: [AccountTasks] },
      {
        http: {
          keys: (['submit', 'read', 'admin'] as const).map((role) => ({
            role,
            owner: 'ann',
            key: key(role),
          })),
        },
      },
    );
    await http.worker.start();
    const { body } = await http.client
      .as(key('submit'))
      .post<{ id: string; args: unknown }>('/tasks/account.open', {
        args: ['ada', 'hunter2'],
        options: { meta: { session_token: 'm-17', note: 'postgres://ada:hunter2@db/app' } },
      });
    expect(body.args).toEqual(['ada', 'hunter2']);
    ({ id } = body);
    await http.tasks.handle(id).get({ timeout: '60s' });
  });
  afterAll(async () => {
    await http?.close();
    await database?.drop();
  });

  const covered = {
    args: ['ada', COVERED],
    result: { user: 'ada', login: { accessToken: COVERED } },
    progress: expect.objectContaining({ message: 'half', detail: { apiKey: COVERED } }),
    meta: { session_token: COVERED, note: `postgres://ada:${COVERED}@db/app` },
  };

  it('are covered for the role read wherever it looks, and for others where they say so', async () => {
    const paths = [`/tasks/${id}`, `/tasks/${id}?wait=1s`, '/tasks?include=args,result'];
    for (const [role, query] of [
      ['read', ''],
      ['admin', 'redact=true'],
    ] as const)
      for (const path of paths) {
        const { body } = await http.client
          .as(key(role))
          .get<object>(query ? `${path}${path.includes('?') ? '&' : '?'}${query}` : path);
        const record = 'items' in body ? (body.items as object[])[0] : body;
        expect(record).toMatchObject(covered);
        expect(JSON.stringify(body)).not.toMatch(/hunter2|k-17|m-17/);
      }
    const stream = await EventStream.open(`${http.url}/tasks/${id}/events`, {
      authorization: `Bearer ${key('read')}`,
    });
    expect((await stream.all())[0]!.data).toMatchObject(covered);
  });

  it('are covered in what happened and what was logged, and not found by their parts', async () => {
    const { body } = await http.client
      .as(key('submit'))
      .post<{ id: string }>('/tasks/account.connect', { args: ['postgres://ada:hunter2@db/app'] });
    await expect(http.tasks.handle(body.id).get({ timeout: '20s' })).rejects.toThrow('cannot reach');
    for (const path of [`/tasks/${body.id}/history`, `/tasks/${body.id}/logs`]) {
      const text = async (role: 'read' | 'admin', query = '') =>
        JSON.stringify((await http.client.as(key(role)).get(path + query)).body);
      // lines are written a moment after the end
      await until(`${path} is whole`, async () => (await text('admin')).includes('ada:hunter2@db'));
      for (const shown of [await text('read'), await text('admin', '?redact=true')])
        expect(shown).toContain(`ada:${COVERED}@db`);
      expect(await http.client.as(key('admin')).get(`${path}?redact=perhaps`)).toMatchObject({ status: 400 });
    }
    const found = async (search: string) => {
      const path = `/tasks?search=${encodeURIComponent(search)}`;
      return (await http.client.as(key('read')).get<{ items: object[] }>(path)).body.items.length;
    };
    expect([await found('reach POSTGRES://ada'), await found('@db/app'), await found('TypeErr')]).toEqual([
      1, 1, 1,
    ]);
    expect([await found('ada:h'), await found('hunter2')]).toEqual([0, 0]);
  });

  it('are not searched for by who sees them covered', async () => {
    const list = (role: 'read' | 'admin') =>
      http.client.as(key(role)).get('/tasks?args=hunter&name=account.open&limit=1');
    expect(await list('read')).toMatchObject({ status: 403, body: { code: 'FORBIDDEN' } });
    expect(await list('admin')).toMatchObject({ status: 200, body: { items: [{ name: 'account.open' }] } });
  });

  it('leave stacks out of workflows for who only submits, whatever they ask', async () => {
    const as = http.client.as(key('submit'));
    const failing = { name: 'account.connect', args: ['ftp://x'] };
    const { body } = await as.post<{ id: string }>('/tasks/workflows', { workflow: failing });
    await expect(http.tasks.handle(body.id).get({ timeout: '20s' })).rejects.toThrow('cannot reach');
    const path = `/tasks/workflows/${body.id}`;
    const error = { name: 'TypeError', message: 'cannot reach ftp://x' };
    expect((await as.get<{ error: object }>(path)).body.error).toEqual(error);
    const whole = await http.client.as(key('admin')).get<{ error: object }>(path);
    expect(whole.body.error).toMatchObject({ ...error, stack: expect.stringContaining('at ') });
  });

  it('are covered in workflows', async () => {
    const step = { name: 'account.open', args: ['ada', 'hunter2'], immutable: true };
    const { body } = await http.client
      .as(key('submit'))
      .post<{ id: string }>('/tasks/workflows', { workflow: { chain: [step, step] } });
    await http.tasks.handle(body.id).get({ timeout: '60s' });
    const detail = async (role: 'read' | 'admin') => {
      const { body: graph } = await http.client
        .as(key(role))
        .get<{ nodes: { progress: { detail: object } }[] }>(`/tasks/workflows/${body.id}`);
      return graph.nodes.map((node) => node.progress.detail);
    };
    expect(await detail('read')).toEqual([{ apiKey: COVERED }, { apiKey: COVERED }]);
    expect(await detail('admin')).toEqual([{ apiKey: 'k-17' }, { apiKey: 'k-17' }]);
  });

  it('are whole for who runs tasks and asks for the results', async () => {
    for (const role of ['submit', 'admin'] as const)
      expect((await http.client.as(key(role)).get(`/tasks/${id}`)).body).toMatchObject({
        args: ['ada', 'hunter2'],
        result: { login: { accessToken: 't-hunter2' } },
        meta: { session_token: 'm-17' },
      });
    expect(await http.client.as(key('admin')).get(`/tasks/${id}?redact=perhaps`)).toMatchObject({
      status: 400,
      body: { code: 'INVALID_FILTER', path: 'redact' },
    });
  });

  it('never go out on the stream of all that changes', async () => {
    const stream = await EventStream.open(`${http.url}/tasks/events`, {
      authorization: `Bearer ${key('admin')}`,
    });
    const { body } = await http.client.as(key('admin')).post<{ id: string }>('/tasks/account.open', {
      args: ['ada', 'hunter2'],
      options: { meta: { pin: 4711 } },
    });
    const seen = await until('it is told of', () =>
      stream.events
        .flatMap((event) => (event.data as unknown as { items: { id: string }[] }).items)
        .find((item) => item.id === body.id),
    );
    expect(seen).toMatchObject({ meta: { pin: COVERED } });
    stream.leave();
  });

  it('are known by the words of their names', () => {
    const secrets = new Secrets();
    const given = {
      userPassword: 'x',
      'x-api-key': 'x',
      API_KEY: 'x',
      refresh_tokens: ['x'],
      credentials: { user: 'x' },
      PIN: 1,
      shipping: 1,
      tokenizer: 'x',
      password: '',
      secret: null,
    };
    expect(secrets.cover(given)).toEqual({
      userPassword: COVERED,
      'x-api-key': COVERED,
      API_KEY: COVERED,
      refresh_tokens: COVERED,
      credentials: COVERED,
      PIN: COVERED,
      shipping: 1,
      tokenizer: 'x',
      password: '',
      secret: null,
    });
  });

  it('are what the application says, or nothing', () => {
    const given = { password: 'x', bloodGroup: '0' };
    expect(new Secrets(['blood-group']).cover(given)).toEqual({ password: 'x', bloodGroup: COVERED });
    expect(new Secrets(false).cover(given)).toEqual(given);
    for (const names of [[], [''], ['-']])
      expect(() => new Secrets(names)).toThrow(/redact: expected names such as/);
  });
});
