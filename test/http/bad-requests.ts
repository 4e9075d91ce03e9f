import { Injectable } from '@nestjs/common';
import { IsInt, IsUrl } from 'class-validator';
import { z } from 'zod';
import { Task } from '#dist/tasks/index.js';
import { WRONG_OPTIONS } from './wrong-options.js';

class Point {
  @IsInt() x!: number;
  @IsInt() y!: number;
}
class Link {
  @IsUrl() url!: string;
}

@Injectable()
export class InputTasks {
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

export const json = { 'content-type': 'application/json' };
const deep = (levels: number) => `{"args":[${'['.repeat(levels)}${']'.repeat(levels)}]}`;
export const body = (value: unknown) => JSON.stringify(value);

/** What, the request, the status, the code, and for some the path. */
export type BadRequest = [
  string,
  { path?: string; method?: string; headers?: Record<string, string>; body?: string | Buffer },
  number,
  string,
  string?,
];

export const BAD_REQUESTS: BadRequest[] = [
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
  ['null', { body: 'null' }, 400, 'BODY_MUST_BE_OBJECT'],
  ['a text', { body: '"secret-token"' }, 400, 'BODY_MUST_BE_OBJECT'],
  ['no body', {}, 400, 'BODY_MUST_BE_OBJECT'],
  ['a body over the limit', { body: body({ args: ['x'.repeat(200_000)] }) }, 413, 'BODY_TOO_LARGE'],
  ['nesting deeper than 32', { path: 'input.any', body: deep(40) }, 400, 'TOO_DEEP'],
  [
    'more than 10,000 keys',
    { path: 'input.any', body: body({ args: [Array.from({ length: 10_001 }, () => 1)] }) },
    400,
    'TOO_MANY_KEYS',
  ],
  [
    '__proto__',
    { path: 'input.any', body: '{"args":[{"__proto__":{"x":1}}]}' },
    400,
    'FORBIDDEN_KEY',
    'args[0].__proto__',
  ],
  [
    'constructor',
    { path: 'input.any', body: '{"args":[{"a":{"constructor":1}}]}' },
    400,
    'FORBIDDEN_KEY',
    'args[0].a.constructor',
  ],
  [
    '__proto__ beside args',
    { path: 'input.any', body: '{"args":[],"__proto__":{"x":1}}' },
    400,
    'FORBIDDEN_KEY',
  ],
  ['an unknown task', { path: 'input.nope', body: '{"args":[]}' }, 404, 'UNKNOWN_TASK'],
  ['a task that is not exposed', { path: 'input.hidden', body: '{"args":[]}' }, 404, 'UNKNOWN_TASK'],
  ['the name toString', { path: 'toString', body: '{"args":[]}' }, 400, 'INVALID_TASK_NAME'],
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
    'options.eta',
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
  ...WRONG_OPTIONS.map(([options, path]): BadRequest => [
    `the options ${body(options).slice(0, 60)}`,
    { body: body({ args: [1, 2], options }) },
    400,
    'INVALID_OPTION',
    `options.${path}`,
  ]),
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
    'Idempotency-Key',
  ],
  [
    'an idempotency key with a line break',
    { body: body({ args: [1, 2], options: { idempotencyKey: 'a\r\nb' } }) },
    400,
    'INVALID_IDEMPOTENCY_KEY',
    'options.idempotencyKey',
  ],
  [
    'an Idempotency-Key for a task that is to be unique',
    { headers: { 'idempotency-key': 'a' }, body: body({ args: [1, 2], options: { unique: true } }) },
    400,
    'INVALID_IDEMPOTENCY_KEY',
    'Idempotency-Key',
  ],
  [
    'revoking without a filter',
    { path: 'revoke', body: '{"terminate":true}' },
    400,
    'INVALID_FILTER',
    'body',
  ],
  ['revoking nothing', { path: 'revoke', body: '{}' }, 400, 'BODY_MUST_BE_OBJECT', 'body'],
  ['revoking without a body', { path: 'revoke' }, 400, 'BODY_MUST_BE_OBJECT', 'body'],
  ['revoking no ids', { path: 'revoke', body: '{"ids":[]}' }, 400, 'INVALID_FILTER', 'ids'],
  ['revoking an id that is no UUID', { path: 'revoke', body: '{"ids":["42"]}' }, 400, 'INVALID_ID', 'ids[0]'],
  ['revoking by no tags', { path: 'revoke', body: '{"tags":{}}' }, 400, 'INVALID_FILTER', 'tags'],
  ['revoking by null', { path: 'revoke', body: '{"name":null}' }, 400, 'INVALID_FILTER', 'name'],
  [
    'revoking by a part of a name',
    { path: 'revoke', body: '{"name":"*.any"}' },
    400,
    'INVALID_FILTER',
    'name',
  ],
  [
    'revoking by an impossible queue',
    { path: 'revoke', body: '{"queue":"a b"}' },
    400,
    'INVALID_QUEUE',
    'queue',
  ],
  [
    'revoking by an owner',
    { path: 'revoke', body: '{"name":"a","owner":"bob"}' },
    400,
    'UNKNOWN_PROPERTY',
    'body.owner',
  ],
  [
    'revoking with a terminate that is a text',
    { path: 'revoke', body: '{"name":"a","terminate":"yes"}' },
    400,
    'ARG_TYPE',
    'terminate',
  ],
  ['a path that is not validly encoded', { method: 'GET', path: '%FF' }, 400, 'INVALID_URL'],
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
