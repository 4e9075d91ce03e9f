import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Controller, Get, RequestMethod } from '@nestjs/common';
import { METHOD_METADATA, PATH_METADATA } from '@nestjs/common/constants.js';
import { DiscoveryService, MetadataScanner } from '@nestjs/core';
import { ApiOkResponse, type OpenAPIObject } from '@nestjs/swagger';
import { ApiErrors, TaskRecordDto } from '#dist/tasks/http/openapi/index.js';
import { createDatabase, type TestDatabase } from '../support/database.js';
import { ADAPTERS, createHttpApplication, type HttpApplication } from '../support/http-application.js';
import { AnswerCheck, documentOf, operationsOf, type Operation } from '../support/openapi.js';
import { InputTasks } from './bad-requests.js';

const project = fileURLToPath(new URL('../..', import.meta.url));

/** A controller of the application that answers with records, and describes them by the library's schemas. */
@Controller('reports')
class ReportsController {
  @Get()
  @ApiOkResponse({ type: TaskRecordDto })
  @ApiErrors(404, 503)
  get(): string {
    return '';
  }
}

describe('@nestjs/swagger', () => {
  /** Loads a module where the package is not installed. */
  const load = async (path: string) => {
    const hook = `export function resolve(name, context, next) {
      if (name.startsWith('@nestjs/swagger')) throw new Error('it is not installed');
      return next(name, context);
    }`;
    const script = `
      import { register } from 'node:module';
      register('data:text/javascript,' + encodeURIComponent(${JSON.stringify(hook)}));
      console.log(await import('#dist/tasks/http/${path}').then((module) => typeof module, (error) => error.message));`;
    const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script], {
      cwd: project,
    });
    return stdout.trim();
  };

  it('is needed by the description of the routes alone', async () => {
    expect(await load('index.js')).toBe('object');
    expect(await load('openapi/index.js')).toBe('it is not installed');
  });
});

for (const adapter of ADAPTERS)
  describe(`the OpenAPI document on ${adapter}`, () => {
    let database: TestDatabase;
    let http: HttpApplication;
    let document: OpenAPIObject;
    let operations: Operation[];

    beforeAll(async () => {
      database = await createDatabase();
      http = await createHttpApplication(
        adapter,
        database.url,
        { providers: [InputTasks], controllers: [ReportsController] },
        { configure: (app) => app.setGlobalPrefix('api') },
      );
      document = documentOf(http.app);
      operations = operationsOf(document);
    });
    afterAll(async () => {
      await http.close();
      await database.drop();
    });

    const find = (method: string, path: string) =>
      operations.find((operation) => operation.method === method && operation.path === `/api/tasks${path}`)!;

    it('has every route that is mounted, where it is mounted', () => {
      const mounted = http.app
        .get(DiscoveryService, { strict: false })
        .getControllers()
        .flatMap(({ instance, metatype }) => {
          const prototype = Object.getPrototypeOf(instance) as Record<string, object>;
          const base = String(Reflect.getMetadata(PATH_METADATA, metatype!));
          return new MetadataScanner().getAllMethodNames(prototype).flatMap((name) => {
            const method = Reflect.getMetadata(METHOD_METADATA, prototype[name]!) as
              RequestMethod | undefined;
            if (method === undefined) return [];
            const path = String(Reflect.getMetadata(PATH_METADATA, prototype[name]!));
            const full = `/api/${base}/${path}`.replaceAll(/\/+/g, '/').replace(/\/$/, '');
            return [`${RequestMethod[method]} ${full.replaceAll(/:(\w+)/g, '{$1}')}`];
          });
        });
      expect(mounted.length).toBeGreaterThan(12);
      expect(operations.map(({ method, path }) => `${method} ${path}`).sort()).toEqual(
        [...new Set(mounted)].sort(),
      );
    });

    it('has a schema for every answer, and the errors that every route may give', () => {
      for (const { method, path, answers, body } of operations.filter((each) =>
        each.path.startsWith('/api/tasks'),
      )) {
        const where = `${method} ${path}`;
        expect([where, [...answers.keys()].some((status) => status < 300)]).toEqual([where, true]);
        for (const status of [401, 403, 429, 503])
          expect([where, answers.has(status)]).toEqual([where, true]);
        for (const [status, schema] of answers)
          if (status >= 400) expect(schema).toEqual({ $ref: '#/components/schemas/ErrorDto' });
          else if (!path.endsWith('/events')) expect([where, status, schema]).not.toContain(undefined);
        if (method === 'POST' && /(bulk|\{name\})$/.test(path)) expect(body).toBeDefined();
      }
    });

    it('says that a key is needed', () => {
      for (const [path, methods] of Object.entries(document.paths))
        if (path.startsWith('/api/tasks'))
          for (const operation of Object.values(methods as Record<string, { security?: unknown }>))
            expect([path, operation.security]).toEqual([path, [{ bearer: [] }]]);
    });

    it('lends its schemas to controllers of the application', () => {
      const own = operations.find(({ path }) => path === '/api/reports')!;
      expect(own.answers.get(200)).toEqual({ $ref: '#/components/schemas/TaskRecordDto' });
      expect(own.answers.get(404)).toEqual({ $ref: '#/components/schemas/ErrorDto' });
    });

    it('describes what is answered, to the last property', async () => {
      const check = new AnswerCheck(document);
      const expectRight = async (operation: Operation, path: string, body?: unknown) => {
        const method = operation.method.toLowerCase() as 'get' | 'post' | 'delete';
        const answer = await http.client[method](`/api/tasks${path}`, body);
        expect(check.mistake(operation, answer.status, answer.body)).toBeUndefined();
        return answer.body as { id: string };
      };
      const request = { args: [1, 2], options: { tags: { a: 'b' }, meta: { x: [1] }, countdown: '1h' } };
      const { id } = await expectRight(find('POST', '/{name}'), '/input.add', request);
      await expectRight(find('POST', '/{name}'), '/input.add', { args: [1] });
      await expectRight(find('POST', '/bulk'), '/bulk', {
        tasks: [{ name: 'input.any', args: [{ a: null }] }],
      });
      await expectRight(find('POST', '/bulk'), '/bulk', { tasks: [] });
      await http.worker.start();
      await expectRight(find('GET', ''), '?include=args,result&redact=true');
      await expectRight(find('GET', ''), '?limit=0');
      await expectRight(find('GET', '/{id}'), `/${id}`);
      await expectRight(find('POST', '/{id}/revoke'), `/${id}/revoke`, { terminate: true });
      await expectRight(find('POST', '/{id}/revoke'), `/${id}/revoke`, {});
      await expectRight(find('POST', '/{id}/retry'), `/${id}/retry`);
      await http.tasks.handle(id).get({ timeout: '60s' });
      await expectRight(find('GET', '/{id}/history'), `/${id}/history`);
      await expectRight(find('GET', '/{id}'), `/${id}?wait=1s`);
      await expectRight(find('DELETE', '/{id}'), `/${id}`);
      await expectRight(find('DELETE', '/{id}'), `/${id}`);
      await expectRight(find('GET', '/registered'), '/registered');
      await expectRight(find('POST', '/revoke'), '/revoke', { name: 'input.*', tags: { a: 'b' } });
      await expectRight(find('POST', '/revoke'), '/revoke', { ids: [] });
      await expectRight(find('GET', '/workers'), '/workers');
      await expectRight(find('GET', '/queues'), '/queues');
      const [worker] = (await http.client.get<{ items: { id: string }[] }>('/api/tasks/workers')).body.items;
      await expectRight(find('GET', '/workers/{id}'), `/workers/${worker!.id}`);
      await expectRight(find('GET', '/workers/{id}'), '/workers/nobody');
      for (const what of ['stats', 'registered', 'conf', 'active-queues'])
        await expectRight(find('GET', '/workers/{id}/{what}'), `/workers/${worker!.id}/${what}`);
      for (const [action, body] of [
        ['ping'],
        ['pause'],
        ['resume'],
        ['pool-grow'],
        ['pool-shrink', { n: 1 }],
        ['pool-shrink', { n: 0 }],
        ['pool-restart'],
        ['autoscale', { max: 3, min: 1 }],
        ['add-queue', { queue: 'more' }],
        ['cancel-queue', { queue: 'more' }],
      ] as const)
        await expectRight(find('POST', `/workers/{id}/${action}`), `/workers/${worker!.id}/${action}`, body);
      await expectRight(find('POST', '/limits/{task}/rate'), '/limits/input.any/rate', {
        rate: '10/m',
        burst: 2,
      });
      await expectRight(find('POST', '/limits/{task}/rate'), '/limits/input.any/rate', { rate: 'often' });
      await expectRight(find('POST', '/limits/{task}/time'), '/limits/input.any/time', { soft: '20s' });
      await expectRight(find('GET', '/limits'), '/limits');
      for (const action of ['pause', 'resume', 'purge']) {
        await expectRight(find('POST', `/queues/{queue}/${action}`), `/queues/default/${action}`);
        await expectRight(find('POST', `/queues/{queue}/${action}`), `/queues/nowhere/${action}`);
      }
    });
  });
