import { FlowProducer, Worker, type FlowJob, type Job } from 'bullmq';
import { Redis } from 'ioredis';
import { chain, chainOf, group } from '#dist/tasks/index.js';
import { RedisServer, redisMissing } from '../support/redis-server.js';
import { compare, n, settings } from './compare.js';
import { BenchTasks, openBench, type Bench } from './harness.js';

const CONCURRENCY = 200;
const CHAIN = 100;
const QUEUE = 'flows';
const WIDE = 100_000;
/** A group of 10,000 with the default BENCH_TASKS. */
const GROUP = Math.ceil(settings.count / 4);

/** The same shapes as BullMQ's flows, everything recorded: from the submission until the last task has ended. */
export async function benchFlows(): Promise<void> {
  if (redisMissing) return console.log(`left out: ${redisMissing}\n`);
  const redis = await RedisServer.create();
  const bare = new BareFlows(redis.url);
  // as durable as a commit: nothing is answered before it is on the disk
  const durableRedis = await RedisServer.create({ appendfsync: 'always' });
  const durable = new BareFlows(durableRedis.url);
  const brokers = [
    ['Redis', await openBench(redis.url)],
    ['the database', await openBench()],
  ] as const;
  try {
    for (const [name, bench] of brokers) {
      const worker = await bench.openWorker();
      await worker.start(CONCURRENCY);
      const title = `with ${name} as broker`;
      const ours = (tasks: number, run: () => Promise<unknown>) => ({
        title: 'everything recorded',
        measure: async () => {
          await bench.clear();
          return timed(tasks, run);
        },
      });
      const flow = (tasks: number, run: () => Promise<unknown>) => ({
        title: 'FlowProducer of bare BullMQ',
        measure: () => timed(tasks, run),
      });
      await compare(
        `chain of ${CHAIN}, ${title}`,
        ours(CHAIN, () => runChain(bench)),
        flow(CHAIN, () => bare.chain()),
        {
          bar: 1,
        },
      );
      await compare(
        `chain of ${CHAIN}, ${title}, against a Redis that is as durable`,
        ours(CHAIN, () => runChain(bench)),
        flow(CHAIN, () => durable.chain()),
        { bar: 1 },
      );
      await compare(
        `group of ${GROUP}, ${title}`,
        ours(GROUP + 1, () => runGroup(bench)),
        flow(GROUP + 1, () => bare.group(false)),
        {
          bar: 1,
        },
      );
      await compare(
        `chord of ${GROUP}, ${title}`,
        ours(GROUP + 1, () => runChord(bench)),
        flow(GROUP + 1, () => bare.group(true)),
        {
          bar: 1,
        },
      );
      await worker.close();
    }
  } finally {
    for (const [, bench] of brokers) await bench.close();
    await bare.close();
    await durable.close();
    await redis.remove();
    await durableRedis.remove();
  }
}

async function timed(tasks: number, run: () => Promise<unknown>) {
  const start = performance.now();
  await run();
  const seconds = (performance.now() - start) / 1000;
  return { rate: tasks / seconds, note: `${(seconds * 1000).toFixed(0)} ms` };
}

async function runChain(bench: Bench): Promise<void> {
  const { add } = bench.tasks.of(BenchTasks);
  const steps = Array.from({ length: CHAIN - 1 }, () => add.s(1));
  const handle = await chainOf<never, number, true>([add.s(0, 1), ...steps]).delay();
  const result = await handle.get();
  if (result !== CHAIN) throw new Error(`the chain gave ${result}`);
}

const header = (bench: Bench, size = GROUP) =>
  group(Array.from({ length: size }, (_, i) => bench.tasks.of(BenchTasks).add.s(i, 1)));

async function runGroup(bench: Bench): Promise<void> {
  const results = await (await header(bench).delay()).get();
  if (results.length !== GROUP) throw new Error(`the group gave ${results.length}`);
}

async function runChord(bench: Bench): Promise<void> {
  const handle = await chain(header(bench), bench.tasks.of(BenchTasks).sum.s()).delay();
  const result = await handle.get();
  if (result !== (GROUP * (GROUP + 1)) / 2) throw new Error(`the chord gave ${result}`);
}

/** A group of 100,000 on the database as broker: submitted, run and joined in this process, and its memory. */
export async function benchWideGroup(): Promise<void> {
  const bench = await openBench();
  const worker = await bench.openWorker();
  try {
    await worker.start(CONCURRENCY);
    const start = performance.now();
    const seconds = () => ((performance.now() - start) / 1000).toFixed(1);
    let peak = 0;
    const watch = setInterval(() => (peak = Math.max(peak, process.memoryUsage().rss)), 100);
    const handle = await header(bench, WIDE).delay();
    const submitted = seconds();
    const results = await handle.get();
    clearInterval(watch);
    if (results.length !== WIDE) throw new Error(`the group gave ${results.length}`);
    console.log(
      `group of ${n(WIDE)}: submitted after ${submitted} s, joined after ${seconds()} s, at most ${n(peak / 2 ** 20)} MiB\n`,
    );
  } finally {
    await worker.close();
    await bench.close();
  }
}

/** BullMQ's flows as its documentation shows them. */
class BareFlows {
  private readonly connection: Redis;
  private readonly workerConnection: Redis;
  private readonly producer: FlowProducer;
  private readonly worker: Worker;
  private done: (() => void) | undefined;

  constructor(url: string) {
    this.connection = new Redis(url, { maxRetriesPerRequest: null });
    this.workerConnection = new Redis(url, { maxRetriesPerRequest: null });
    this.producer = new FlowProducer({ connection: this.connection });
    this.worker = new Worker(QUEUE, (job) => this.run(job), {
      connection: this.workerConnection,
      concurrency: CONCURRENCY,
    });
    this.worker.on('completed', (job) => job.name === 'last' && this.done?.());
  }

  async chain(): Promise<void> {
    let flow: FlowJob = { name: 'add', queueName: QUEUE, data: [0, 1] };
    for (let i = 1; i < CHAIN; i++)
      flow = { name: i === CHAIN - 1 ? 'last' : 'next', queueName: QUEUE, data: [1], children: [flow] };
    await this.runs(flow);
  }

  async group(joins: boolean): Promise<void> {
    const children = Array.from({ length: GROUP }, (_, i) => ({
      name: 'add',
      queueName: QUEUE,
      data: [i, 1],
    }));
    await this.runs({ name: 'last', queueName: QUEUE, data: { joins }, children });
  }

  async close(): Promise<void> {
    await this.worker.close();
    await this.producer.close();
    // connections that were handed in stay open
    this.connection.disconnect();
    this.workerConnection.disconnect();
  }

  private async runs(flow: FlowJob): Promise<void> {
    const done = new Promise<void>((resolve) => (this.done = resolve));
    await this.producer.add(flow);
    await done;
  }

  private async run(job: Job<number[] | { joins: boolean }>): Promise<unknown> {
    if (Array.isArray(job.data) && job.data.length === 2) return job.data[0]! + job.data[1]!;
    const results = Object.values(await job.getChildrenValues<number>());
    if (Array.isArray(job.data)) return results[0]! + job.data[0]!;
    return job.data.joins ? results.reduce((sum, value) => sum + value, 0) : results;
  }
}
