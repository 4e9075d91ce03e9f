import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Injectable } from '@nestjs/common';
import { sample } from 'fast-check';
import { Task } from '#dist/tasks/index.js';
import { createDatabase, type TestDatabase } from '../support/database.js';
import { ADAPTERS, createHttpApplication, type HttpApplication } from '../support/http-application.js';
import { AnswerCheck, documentOf, operationsOf, type Schema } from '../support/openapi.js';
import { requestsTo, type FuzzedRequest } from '../support/request-arbitrary.js';
import { InputTasks } from './bad-requests.js';

@Injectable()
class FreeTasks {
  /** Takes whatever passes the checks of every request. */
  @Task({ http: true })
  any(...values: unknown[]): unknown {
    return values;
  }
}

/** `npm run fuzz` makes 10,000 on each adapter. */
const REQUESTS = Number(process.env.FUZZ_REQUESTS ?? 600);
const SEED = Number(process.env.FUZZ_SEED ?? Date.now() % 2 ** 31);
const AT_ONCE = 8;

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

/** MiB that are still used after a collection. */
function heap(): number {
  collectGarbage();
  return process.memoryUsage().heapUsed / 2 ** 20;
}

for (const adapter of ADAPTERS)
  describe(`${REQUESTS} requests made from the OpenAPI document on ${adapter}`, () => {
    let database: TestDatabase;
    let http: HttpApplication;

    beforeAll(async () => {
      database = await createDatabase();
      http = await createHttpApplication(adapter, database.url, { providers: [InputTasks, FreeTasks] });
      await http.worker.start();
    });
    afterAll(async () => {
      await http.close();
      await database.drop();
    });

    async function send({
      url,
      operation,
      headers,
      body,
    }: FuzzedRequest): Promise<{ status: number; answer: unknown }> {
      const left = AbortSignal.timeout(30_000);
      const response = await fetch(http.url + url, {
        method: operation.method,
        headers,
        signal: left,
        ...(body !== undefined && { body }),
      });
      if (response.headers.get('content-type') === 'text/event-stream') {
        await response.body!.cancel();
        return { status: response.status, answer: undefined };
      }
      return { status: response.status, answer: await response.json() };
    }

    it(
      'are answered as it says, never with a 5xx, and use up no memory',
      async () => {
        const document = documentOf(http.app);
        const { body } = await http.client.post<{ ids: string[] }>('/tasks/bulk', {
          tasks: Array.from({ length: 20 }, (_, i) => ({
            name: 'input.any',
            args: [i],
            options: { countdown: i % 2 === 0 ? 0 : '1h' },
          })),
        });
        const requests = sample(
          requestsTo(
            operationsOf(document),
            document.components!.schemas as Record<string, Schema>,
            {
              id: body.ids,
              ids: body.ids,
              name: [
                ...Array.from({ length: 12 }, () => 'free.any'),
                'input.add',
                'input.dto',
                'input.schema',
                'input.hidden',
              ],
              queue: ['default'],
              state: ['PENDING', 'SUCCESS,FAILURE', 'nope'],
              limit: ['1', '200', '0', '201'],
              cursor: body.ids,
              include: ['args', 'args,result'],
              search: ['input', body.ids[0]!],
            }, // others could take a minute
            { wait: ['0', '1', '50ms', '-1', 'soon', '', '\0', '1e400', '99999999999 years'] },
          ),
          { numRuns: REQUESTS, seed: SEED },
        );
        const check = new AnswerCheck(document);
        const statuses = new Map<number, number>();
        const mistakes: string[] = [];
        let sent = 0;
        let settled = 0;
        let peak = 0;
        const lane = async () => {
          for (let request = requests[sent++]; request; request = requests[sent++]) {
            const { status, answer } = await send(request);
            statuses.set(status, (statuses.get(status) ?? 0) + 1);
            const mistake = check.mistake(request.operation, status, answer);
            if (mistake !== undefined || status >= 500)
              mistakes.push(`${mistake ?? status} for ${JSON.stringify(request).slice(0, 1000)}`);
            // everything has been compiled, cached and connected by then
            if (sent === Math.floor(REQUESTS / 4)) settled = heap();
            if (sent % 500 === 0) peak = Math.max(peak, heap());
          }
        };
        await Promise.all(Array.from({ length: AT_ONCE }, lane));
        const growth = heap() - settled;
        console.log(
          `seed ${SEED}: ${[...statuses]
            .sort(([a], [b]) => a - b)
            .map(([status, count]) => `${count} × ${status}`)
            .join(', ')}; ` +
            `${settled.toFixed(0)} MiB after a quarter, ${peak.toFixed(0)} at most, ${growth.toFixed(1)} more at the end`,
        );
        expect(mistakes.slice(0, 5)).toEqual([]);
        // all that goes well, and all kinds of refusals, were among them; in the short form by chance
        for (const status of REQUESTS < 2000 ? [200, 400] : [200, 202, 400, 404, 409, 415])
          expect([...statuses.keys()]).toContain(status);
        expect(growth).toBeLessThan(20);
      },
      60_000 + REQUESTS * 60,
    );
  });
