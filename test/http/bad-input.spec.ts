import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Injectable } from '@nestjs/common';
import { IsInt, IsUrl } from 'class-validator';
import { z } from 'zod';
import { Task } from '#dist/tasks/index.js';
import { ADAPTERS, createHttpApplication, type HttpApplication } from '../support/http-application.js';
import { createDatabase, type TestDatabase } from '../support/database.js';

class Point {
  @IsInt() x!: number;
  @IsInt() y!: number;
}
class Link {
  @IsUrl() url!: string;
}

@Injectable()
class InputTasks {
  @Task({ http: true })
  add(x: number, y: number): number {
    return x + y;
  }
  @Task({ http: true })
  dto(point: Point): number {
    return point.x + point.y;
  }
  @Task({ http: true, args: [z.strictObject({ width: z.number().int(), title: z.string().optional() })] })
  schema(size: { width: number }): number {
    return size.width;
  }
  @Task({ http: true })
  any(value: unknown): unknown {
    return value;
  }
  @Task()
  hidden(_link: Link): void {}
}

const json = { 'content-type': 'application/json' };
const deep = (levels: number) => `{"args":[${'['.repeat(levels)}${']'.repeat(levels)}]}`;
const body = (value: unknown) => JSON.stringify(value);

/** What, the request, the status, the code, and for some the path. */
type Row = [
  string,
  { path?: string; method?: string; headers?: Record<string, string>; body?: string | Buffer },
  number,
  string,
  string?,
];

const rows: Row[] = [
  ['malformed JSON', { body: '{"args":[' }, 400, 'INVALID_JSON'],
  ['malformed JSON that is a secret', { body: 'secret-token' }, 400, 'INVALID_JSON'],
  [
    'a wrong Content-Type',
    { headers: { 'content-type': 'text/plain' }, body: '{"args":[1,2]}' },
    415,
    'UNSUPPORTED_MEDIA_TYPE',
  ],
  ['an empty body', { body: '' }, 400, 'BODY_MUST_BE_OBJECT'],
  ['an empty object', { body: '{}' }, 400, 'BODY_MUST_BE_OBJECT'],
  ['an array', { body: '[]' }, 400, 'BODY_MUST_BE_OBJECT'],
  ['a body over the limit', { body: body({ args: ['x'.repeat(200_000)] }) }, 413, 'BODY_TOO_LARGE'],
  ['nesting deeper than 32', { path: 'input.any', body: deep(40) }, 400, 'TOO_DEEP'],
  [
    'more than 10,000 keys',
    { path: 'input.any', body: body({ args: [Array.from({ length: 10_001 }, () => 1)] }) },
    400,
    'TOO_MANY_KEYS',
  ],
  ['__proto__', { path: 'input.any', body: '{"args":[{"__proto__":{"x":1}}]}' }, 400, 'FORBIDDEN_KEY'],
  ['constructor', { path: 'input.any', body: '{"args":[{"a":{"constructor":1}}]}' }, 400, 'FORBIDDEN_KEY'],
  [
    '__proto__ beside args',
    { path: 'input.any', body: '{"args":[],"__proto__":{"x":1}}' },
    400,
    'FORBIDDEN_KEY',
  ],
  ['an unknown task', { path: 'input.nope', body: '{"args":[]}' }, 404, 'UNKNOWN_TASK'],
  ['a task that is not exposed', { path: 'input.hidden', body: '{"args":[]}' }, 404, 'UNKNOWN_TASK'],
  ['the name toString', { path: 'toString', body: '{"args":[]}' }, 404, 'UNKNOWN_TASK'],
  ['a name with a path in it', { path: '..%2Fx', body: '{"args":[]}' }, 400, 'INVALID_TASK_NAME'],
  ['a name of 300 characters', { path: 'x'.repeat(300), body: '{"args":[]}' }, 400, 'INVALID_TASK_NAME'],
  ['a missing argument', { body: '{"args":[2]}' }, 400, 'ARG_REQUIRED', 'args[1]'],
  ['a text for a number', { body: '{"args":[2,"5"]}' }, 400, 'ARG_TYPE', 'args[1]'],
  ['null for a number', { body: '{"args":[2,null]}' }, 400, 'ARG_TYPE', 'args[1]'],
  ['too many arguments', { body: '{"args":[1,2,3]}' }, 400, 'TOO_MANY_ARGUMENTS'],
  [
    'a property of a DTO that is missing',
    { path: 'input.dto', body: '{"args":[{"x":1}]}' },
    400,
    'ARG_REQUIRED',
    'args[0].y',
  ],
  [
    'a property of a DTO of a wrong type',
    { path: 'input.dto', body: '{"args":[{"x":1,"y":"2"}]}' },
    400,
    'ARG_TYPE',
    'args[0].y',
  ],
  [
    'an extra property of a DTO',
    { path: 'input.dto', body: '{"args":[{"x":1,"y":2,"z":3}]}' },
    400,
    'UNKNOWN_PROPERTY',
    'args[0].z',
  ],
  ['a text for a DTO', { path: 'input.dto', body: '{"args":["x"]}' }, 400, 'ARG_TYPE', 'args[0]'],
  [
    'what a declared schema refuses',
    { path: 'input.schema', body: '{"args":[{"width":1.5}]}' },
    400,
    'ARG_TYPE',
    'args[0].width',
  ],
  [
    'an extra property of a declared schema',
    { path: 'input.schema', body: '{"args":[{"width":1,"x":1}]}' },
    400,
    'UNKNOWN_PROPERTY',
  ],
  [
    'a missing argument of a declared schema',
    { path: 'input.schema', body: '{"args":[]}' },
    400,
    'ARG_REQUIRED',
    'args[0]',
  ],
  ['an extra property of the body', { body: '{"args":[1,2],"x":1}' }, 400, 'UNKNOWN_PROPERTY'],
  ['1e400', { body: '{"args":[2,1e400]}' }, 400, 'NUMBER_OUT_OF_RANGE', 'args[1]'],
  ['an unsafe integer', { body: '{"args":[2,9007199254740993]}' }, 400, 'NUMBER_OUT_OF_RANGE', 'args[1]'],
  ['U+0000', { path: 'input.any', body: '{"args":["a\\u0000b"]}' }, 400, 'NUL_CHARACTER', 'args[0]'],
  [
    'a lone surrogate',
    { path: 'input.any', body: '{"args":[{"a":"\\ud800"}]}' },
    400,
    'INVALID_UNICODE',
    'args[0].a',
  ],
  [
    'an eta of tomorrow',
    { body: body({ args: [1, 2], options: { eta: 'tomorrow' } }) },
    400,
    'INVALID_DATE',
    'eta',
  ],
  [
    'an eta without a zone',
    { body: body({ args: [1, 2], options: { eta: '2035-01-01T00:00:00' } }) },
    400,
    'INVALID_DATE',
  ],
  [
    'a negative countdown',
    { body: body({ args: [1, 2], options: { countdown: -1 } }) },
    400,
    'INVALID_DELAY',
  ],
  ['a huge countdown', { body: body({ args: [1, 2], options: { countdown: 1e15 } }) }, 400, 'INVALID_DELAY'],
  [
    'a countdown with an eta',
    { body: body({ args: [1, 2], options: { countdown: 1, eta: '2035-01-01T00:00:00Z' } }) },
    400,
    'INVALID_DELAY',
  ],
  [
    'expires before eta',
    {
      body: body({ args: [1, 2], options: { eta: '2035-01-01T00:00:00Z', expires: '2034-01-01T00:00:00Z' } }),
    },
    400,
    'EXPIRES_BEFORE_ETA',
  ],
  ['priority 1.5', { body: body({ args: [1, 2], options: { priority: 1.5 } }) }, 400, 'INVALID_PRIORITY'],
  ['priority -1', { body: body({ args: [1, 2], options: { priority: -1 } }) }, 400, 'INVALID_PRIORITY'],
  ['priority 10', { body: body({ args: [1, 2], options: { priority: 10 } }) }, 400, 'INVALID_PRIORITY'],
  ['an unknown queue', { body: body({ args: [1, 2], options: { queue: 'nowhere' } }) }, 400, 'UNKNOWN_QUEUE'],
  [
    'retries 1e9',
    { body: body({ args: [1, 2], options: { retry: { max: 1e9 } } }) },
    400,
    'RETRY_OUT_OF_RANGE',
  ],
  [
    'an option of the application',
    { body: body({ args: [1, 2], options: { owner: 'bob' } }) },
    400,
    'UNKNOWN_PROPERTY',
  ],
  [
    'an Idempotency-Key that is too long',
    { headers: { 'idempotency-key': 'x'.repeat(300) }, body: '{"args":[1,2]}' },
    400,
    'INVALID_IDEMPOTENCY_KEY',
  ],
  ['an id that is no UUID', { method: 'GET', path: '42' }, 400, 'INVALID_ID'],
  ['an unknown id', { method: 'GET', path: '01930000-0000-7000-8000-000000000000' }, 404, 'TASK_NOT_FOUND'],
  ['limit -1', { method: 'GET', path: '?limit=-1' }, 400, 'INVALID_PAGE'],
  ['limit 1e9', { method: 'GET', path: '?limit=1000000000' }, 400, 'INVALID_PAGE'],
  ['a bad cursor', { method: 'GET', path: '?cursor=abc' }, 400, 'INVALID_PAGE'],
  ['sort id;DROP', { method: 'GET', path: '?sort=id%3BDROP' }, 400, 'INVALID_SORT'],
  ['state[$ne]', { method: 'GET', path: '?state[$ne]=x' }, 400, 'INVALID_FILTER'],
  ['an array for a scalar', { method: 'GET', path: '?name=a&name=b' }, 400, 'INVALID_FILTER'],
  ['an unknown state', { method: 'GET', path: '?state=NOPE' }, 400, 'INVALID_FILTER'],
  ['an unknown filter', { method: 'GET', path: '?colour=red' }, 400, 'INVALID_FILTER'],
  ['a search of 10 kB', { method: 'GET', path: `?search=${'x'.repeat(10_000)}` }, 400, 'INVALID_SEARCH'],
  [
    'a wait that is no duration',
    { method: 'GET', path: '01930000-0000-7000-8000-000000000000?wait=soon' },
    400,
    'INVALID_DELAY',
  ],
];

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
  for (const [what, request, status, code, path] of rows)
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
