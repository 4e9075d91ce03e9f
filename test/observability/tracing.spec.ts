import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Injectable } from '@nestjs/common';
import { SpanKind, SpanStatusCode, context, propagation, trace } from '@opentelemetry/api';
import type { ReadableSpan } from '@opentelemetry/sdk-trace-base';
import { Task, TaskContext, TaskService, chain } from '#dist/tasks/index.js';
import { createApplication, type TestApplication } from '../support/application.js';
import { createDatabase, type TestDatabase } from '../support/database.js';
import { describeUnless } from '../support/prerequisite.js';
import { createHttpApplication } from '../support/http-application.js';
import { RedisServer, redisMissing } from '../support/redis-server.js';
import { CollectedSpans } from '../support/spans.js';
import { until } from '../support/until.js';

@Injectable()
class TracedTasks {
  constructor(private readonly tasks: TaskService) {}

  @Task({ queue: 'traced', http: true })
  child(): string {
    return trace.getActiveSpan()!.spanContext().spanId;
  }

  @Task({ queue: 'traced' })
  async parent(): Promise<string> {
    return (await this.tasks.of(TracedTasks).child.delay()).get({ timeout: '60s' });
  }

  @Task({ queue: 'traced', retry: { max: 1, delay: 0 } })
  second(ctx: TaskContext): number {
    if (ctx.attempt === 1) throw new RangeError('not yet');
    return ctx.attempt;
  }

  @Task({ queue: 'traced' })
  baggage(): string | undefined {
    return propagation.getActiveBaggage()?.getEntry('tenant')?.value;
  }
}

const spans = new CollectedSpans();
const parentOf = (span: ReadableSpan) => span.parentSpanContext?.spanId;
const idOf = (span: ReadableSpan) => span.spanContext().spanId;
const traceOf = (span: ReadableSpan) => span.spanContext().traceId;
const ended = (name: string, count: number) =>
  until(`${count} times ${name}`, () => {
    const found = spans.named(name);
    return found.length >= count ? found : undefined;
  });

describe('traces', () => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await createDatabase();
    spans.register();
  });
  beforeEach(() => spans.clear());
  afterAll(async () => {
    await spans.unregister();
    await database.drop();
  });

  async function within(name: string, work: () => Promise<unknown>): Promise<ReadableSpan> {
    await trace.getTracer('test').startActiveSpan(name, async (span) => {
      await work();
      span.end();
    });
    return spans.named(name)[0]!;
  }

  /** From what is active to the submission, the attempt, the submission in it, and that one's attempt. */
  async function expectLinked({ tasks }: TestApplication): Promise<void> {
    let inChild: unknown;
    const outer = await within('outer', async () => {
      const handle = await tasks.of(TracedTasks).parent.delay();
      inChild = await handle.get({ timeout: '60s' });
    });
    const processed = await ended('process traced', 2);
    const sent = await ended('send traced', 2);
    const named = (all: ReadableSpan[], name: string) =>
      all.find((span) => span.attributes['celeriac.task.name'] === `traced.${name}`)!;
    const way = [
      named(sent, 'parent'),
      named(processed, 'parent'),
      named(sent, 'child'),
      named(processed, 'child'),
    ];
    expect(way.map(parentOf)).toEqual([outer, ...way].slice(0, 4).map(idOf));
    expect(new Set([outer, ...way].map(traceOf)).size).toBe(1);
    expect(way.map(({ kind }) => kind)).toEqual([
      SpanKind.PRODUCER,
      SpanKind.CONSUMER,
      SpanKind.PRODUCER,
      SpanKind.CONSUMER,
    ]);
    // the conventions want links beside parents
    expect(way[1]!.links.map((link) => link.context.spanId)).toEqual([idOf(way[0]!)]);
    expect(inChild).toBe(idOf(way[3]!));
  }

  describe('with the broker in Postgres', () => {
    let application: TestApplication;
    beforeAll(async () => {
      application = await createApplication(database.url, { providers: [TracedTasks] });
      await application.startWorker();
    });
    afterAll(() => application.close());

    it('lead from what submits to the task, and on to what that submits', () => expectLinked(application));

    it("have the conventions' attributes for messaging", async () => {
      const handle = await application.tasks.of(TracedTasks).child.delay();
      await handle.get({ timeout: '60s' });
      const [sent] = await ended('send traced', 1);
      const [processed] = await ended('process traced', 1);
      const common = {
        'messaging.system': 'celeriac',
        'messaging.destination.name': 'traced',
        'messaging.message.id': handle.id,
        'celeriac.task.name': 'traced.child',
      };
      expect(sent!.attributes).toEqual({
        ...common,
        'messaging.operation.name': 'send',
        'messaging.operation.type': 'send',
      });
      expect(processed!.attributes).toEqual({
        ...common,
        'messaging.operation.name': 'process',
        'messaging.operation.type': 'process',
        'celeriac.task.attempt': 1,
        'celeriac.task.outcome': 'success',
      });
    });

    it('have a span for each attempt, with its error', async () => {
      const handle = await application.tasks.of(TracedTasks).second.delay();
      expect(await handle.get({ timeout: '60s' })).toBe(2);
      const [first, second] = await ended('process traced', 2);
      const [sent] = await ended('send traced', 1);
      expect([first!, second!].map(parentOf)).toEqual([idOf(sent!), idOf(sent!)]);
      expect(first!.status).toEqual({ code: SpanStatusCode.ERROR, message: 'not yet' });
      expect(first!.attributes).toMatchObject({
        'error.type': 'RangeError',
        'celeriac.task.outcome': 'retried',
      });
      expect(first!.events[0]).toMatchObject({
        name: 'exception',
        attributes: { 'exception.type': 'RangeError', 'exception.message': 'not yet' },
      });
      expect(second!.status.code).toBe(SpanStatusCode.UNSET);
      expect(second!.attributes).toMatchObject({ 'celeriac.task.attempt': 2 });
    });

    it('tell of a submission that was refused', async () => {
      const wrong = { countdown: -1 };
      await expect(application.tasks.of(TracedTasks).child.applyAsync([], wrong)).rejects.toThrow();
      const [sent] = await ended('send traced', 1);
      expect(sent!.status.code).toBe(SpanStatusCode.ERROR);
      expect(sent!.attributes['error.type']).toBe('InvalidOptionError');
    });

    it('have one span for many submissions, and for a workflow', async () => {
      const { tasks } = application;
      await tasks.submitMany([{ name: 'traced.child' }, { name: 'traced.child' }]);
      const [many] = await ended('send', 1);
      expect(many!.attributes).toMatchObject({ 'messaging.batch.message_count': 2 });
      const two = await ended('process traced', 2);
      expect(two.map(parentOf)).toEqual([idOf(many!), idOf(many!)]);
      spans.clear();
      const child = tasks.of(TracedTasks).child;
      await (await chain(child.si(), child.si()).delay()).get({ timeout: '60s' });
      const [workflow] = await ended('send', 1);
      expect((await ended('process traced', 2)).map(parentOf)).toEqual([idOf(workflow!), idOf(workflow!)]);
    });

    it('carry baggage along', async () => {
      const baggage = propagation.createBaggage({ tenant: { value: 'blue' } });
      const seen = await context.with(propagation.setBaggage(context.active(), baggage), async () =>
        (await application.tasks.of(TracedTasks).baggage.delay()).get({ timeout: '60s' }),
      );
      expect(seen).toBe('blue');
    });

    it('are not made where the module says so', async () => {
      const silent = await createApplication(database.url, { providers: [TracedTasks] }, { tracing: false });
      const handle = await silent.tasks.of(TracedTasks).baggage.delay();
      await handle.get({ timeout: '60s' });
      expect(spans.named('send traced')).toEqual([]);
      expect((await handle.record()).meta).toBeNull();
      expect(await headersOf(database, handle.id)).toEqual({});
      await silent.close();
    });
  });

  it('go on from the request of a client that has begun one', async () => {
    const application = await createHttpApplication('express', database.url, { providers: [TracedTasks] });
    try {
      const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
      const { status, body } = await application.client
        .with({ traceparent, tracestate: 'vendor=1' })
        .post('/tasks/traced.child', { args: [] });
      expect(status).toBe(202);
      const [sent] = await ended('send traced', 1);
      expect([traceOf(sent!), parentOf(sent!)]).toEqual(traceparent.split('-').slice(1, 3));
      const headers = await headersOf(database, String(body.id));
      expect(headers.traceparent).toBe(`00-${traceOf(sent!)}-${idOf(sent!)}-01`);
      expect(headers.tracestate).toBe('vendor=1');
    } finally {
      await application.close();
    }
  });

  describeUnless(redisMissing)('with Redis', () => {
    it('are the same', async () => {
      const redis = await RedisServer.create();
      const application = await createApplication(
        database.url,
        { providers: [TracedTasks] },
        { broker: redis.url, schema: 'traced' },
      );
      try {
        await application.startWorker();
        await expectLinked(application);
      } finally {
        await application.close();
        await redis.remove();
      }
    });
  });

  it('cost nothing and leave no header while no SDK is registered', async () => {
    await spans.unregister();
    const application = await createApplication(database.url, { providers: [TracedTasks] });
    const handle = await application.tasks.of(TracedTasks).baggage.delay();
    expect(await headersOf(database, handle.id)).toEqual({});
    await application.close();
  });
});

async function headersOf({ sql }: TestDatabase, id: string): Promise<Record<string, string>> {
  const { rows } = await sql.query<{ headers: Record<string, string> | null }>(
    `SELECT options->'headers' AS headers FROM celeriac.task WHERE id = $1
     UNION ALL SELECT options->'headers' FROM celeriac.task_done WHERE id = $1`,
    [id],
  );
  return rows[0]?.headers ?? {};
}
