import { once } from 'node:events';
import { connect } from 'node:net';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createDatabase, type TestDatabase } from '../support/database.js';
import { ADAPTERS, createHttpApplication, type HttpApplication } from '../support/http-application.js';
import { BAD_REQUESTS, InputTasks, body, json } from './bad-requests.js';

describe.each(ADAPTERS)('bad input on %s', (adapter) => {
  let database: TestDatabase;
  let http: HttpApplication;

  beforeAll(async () => {
    database = await createDatabase();
    http = await createHttpApplication(adapter, database.url, { providers: [InputTasks] });
  });
  afterAll(async () => {
    await http.close();
    await database.drop();
  });

  // not it.each: it would look for placeholders in titles such as state[$ne]
  for (const [what, request, status, code, path] of BAD_REQUESTS)
    it(what, async () => {
      const { path: url = 'input.add', method = 'POST', headers = {}, body: sent } = request;
      const separator = url.startsWith('?') ? '' : '/';
      const response = await fetch(`${http.url}/tasks${separator}${url}`, {
        method,
        headers: method === 'POST' ? { ...json, ...headers } : headers,
        ...(sent !== undefined && { body: sent }),
        signal: AbortSignal.timeout(5000),
      });
      const answer = (await response.json()) as Record<string, unknown>;
      expect([response.status, answer.code]).toEqual([status, code]);
      expect(answer).toEqual({
        statusCode: status,
        code,
        message: expect.any(String),
        requestId: expect.any(String),
        ...('path' in answer && { path: expect.any(String) }),
      });
      if (path !== undefined) expect(answer.path).toBe(path);
      if (status === 413) expect(answer.message).toBe('the body is larger than 102400 bytes');
      expect(JSON.stringify(answer)).not.toContain('secret-token');
      expect((await database.sql.query('SELECT FROM celeriac.task')).rows).toHaveLength(0);
    });

  it('a body that inflates over the limit', async () => {
    const response = await fetch(`${http.url}/tasks/input.any`, {
      method: 'POST',
      headers: { ...json, 'content-encoding': 'gzip' },
      body: gzipSync(body({ args: ['x'.repeat(5_000_000)] })),
    });
    const { code } = (await response.json()) as { code: string };
    // Fastify does not inflate bodies unless a plugin does: it is no JSON then
    expect([response.status, code]).toEqual(
      adapter === 'express' ? [413, 'BODY_TOO_LARGE'] : [400, 'INVALID_JSON'],
    );
  });

  it('a header with a line break in it', async () => {
    const { hostname, port } = new URL(http.url);
    const socket = connect(Number(port), hostname);
    let answer = '';
    socket.setEncoding('utf8').on('data', (text: string) => (answer += text));
    socket.write(
      `POST /tasks/input.add HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n` +
        `Idempotency-Key: a\rb\r\nContent-Length: 14\r\nConnection: close\r\n\r\n{"args":[1,2]}`,
    );
    await once(socket, 'close');
    expect(answer).toMatch(/^HTTP\/1\.1 400 /);
    expect((await database.sql.query('SELECT FROM celeriac.task')).rows).toHaveLength(0);
  });

  it('the same answer for an unknown task and one that is not exposed', async () => {
    const ask = async (name: string) => {
      const response = await fetch(`${http.url}/tasks/${name}`, {
        method: 'POST',
        headers: json,
        body: '{"args":[]}',
      });
      const { requestId: _id, ...answer } = (await response.json()) as Record<string, unknown>;
      return { ...answer, message: String(answer.message).replace(name, 'X') };
    };
    expect(await ask('input.hidden')).toEqual(await ask('input.nothing'));
  });

  it('good input is accepted, with links', async () => {
    const response = await fetch(`${http.url}/tasks/input.add`, {
      method: 'POST',
      headers: json,
      body: '{"args":[2,3]}',
    });
    const record = (await response.json()) as {
      id: string;
      statusUrl: string;
      eventsUrl: string;
      state: string;
    };
    expect(response.status).toBe(202);
    expect(response.headers.get('location')).toBe(`/tasks/${record.id}`);
    expect(record).toMatchObject({
      state: 'PENDING',
      statusUrl: `/tasks/${record.id}`,
      eventsUrl: `/tasks/${record.id}/events`,
    });
    await fetch(`${http.url}/tasks/${record.id}/revoke`, { method: 'POST' });
    const again = await fetch(`${http.url}/tasks/${record.id}/revoke`, { method: 'POST' });
    expect([again.status, ((await again.json()) as { code: string }).code]).toEqual([
      409,
      'TASK_STATE_CONFLICT',
    ]);
  });
});
