import { Queue } from 'bullmq';
import { RabbitServer, rabbitMissing } from './rabbit-server.js';
import { RedisServer, redisMissing } from './redis-server.js';

export type BrokerKind = 'postgres' | 'redis' | 'amqp';

/** A broker's server, to be treated badly. */
export interface BrokerUnderTest {
  readonly kind: BrokerKind;
  /** undefined: the database. */
  readonly url: string | undefined;
  readonly server: RedisServer | RabbitServer | undefined;
  /** How many messages of the queue it holds, taken or not. */
  held(queue?: string): Promise<number>;
  remove(): Promise<void>;
}

/** The reason why faults of this broker cannot be injected here. */
export function missingFor(kind: BrokerKind): string | undefined {
  return { postgres: undefined, redis: redisMissing, amqp: rabbitMissing }[kind];
}

export async function startBroker(kind: BrokerKind): Promise<BrokerUnderTest> {
  if (kind === 'redis') return underRedis(await RedisServer.create());
  if (kind === 'amqp') return underRabbit(await RabbitServer.create());
  return { kind, url: undefined, server: undefined, held: async () => 0, remove: async () => undefined };
}

export function underRedis(server: RedisServer): BrokerUnderTest {
  return {
    kind: 'redis',
    url: server.url,
    server,
    async held(queue = 'default') {
      const bullmq = new Queue(queue, {
        connection: { port: server.port },
        prefix: 'celeriac:celeriac',
        skipMetasUpdate: true,
      });
      bullmq.on('error', () => undefined);
      try {
        const counts = await bullmq.getJobCounts('wait', 'prioritized', 'active', 'delayed');
        return Object.values(counts).reduce((sum, n) => sum + n, 0);
      } finally {
        await bullmq.close();
      }
    },
    remove: () => server.remove(),
  };
}

export function underRabbit(server: RabbitServer): BrokerUnderTest {
  return {
    kind: 'amqp',
    url: server.url,
    server,
    async held(queue = 'default') {
      const name = `celeriac.celeriac.${queue}.p9`;
      const listed = await server.control('list_queues', 'name', 'messages');
      const line = listed.split('\n').find((text) => text.startsWith(`${name}\t`));
      return Number(line?.split('\t')[1] ?? 0);
    },
    remove: () => server.remove(),
  };
}

/** The broker that the faults of every broker are injected under: FAULT_BROKER = postgres, redis or amqp. */
export const brokerOfThisRun = (process.env.FAULT_BROKER ?? 'postgres') as BrokerKind;
