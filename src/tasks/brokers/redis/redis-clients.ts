import type { ConnectionOptions } from 'bullmq';
import type { Cluster, ClusterOptions, Redis, RedisOptions } from 'ioredis';
import { BrokerRefusedError, BrokerUnavailableError } from '../../errors.js';
import type { RedisBrokerOptions } from '../broker-options.js';
import type { RedisLibraries } from './load-redis.js';

export type RedisClient = Redis | Cluster;
type IoRedis = RedisLibraries['ioredis'];

/** So that work goes on within seconds of the moment when Redis takes connections again. */
const LONGEST_RETRY_MS = 1000;

/** Makes connections that fail at once while Redis is away, since what they were to do is done again later. */
export class RedisClients {
  constructor(
    private readonly ioredis: IoRedis,
    private readonly options: RedisBrokerOptions,
  ) {}

  get isCluster(): boolean {
    return this.options.nodes !== undefined;
  }

  /** For people, without a password. */
  get address(): string {
    const { nodes } = this.options;
    const redis = this.options.redis as RedisOptions;
    if (nodes) return `the Redis Cluster at ${nodes.map((node) => `${node.host}:${node.port}`).join(', ')}`;
    if (redis.sentinels) return `Redis '${redis.name}' of its sentinels`;
    const at = redis.path ?? `${redis.host ?? '127.0.0.1'}:${redis.port ?? 6379}`;
    return `redis://${at}/${redis.db ?? 0}`;
  }

  create(name: string): RedisClient {
    const { redis, nodes } = this.options;
    const options: RedisOptions = {
      connectTimeout: 3000,
      keepAlive: 5000,
      connectionName: name,
      ...(redis as RedisOptions),
      lazyConnect: true,
      enableOfflineQueue: false,
      // rejected when the connection breaks, and not sent again by itself
      maxRetriesPerRequest: 0,
      retryStrategy: nextTry,
    };
    if (!nodes) return new this.ioredis.Redis(options);
    const { retryStrategy: _, enableOfflineQueue: __, ...each } = options;
    const cluster: ClusterOptions = {
      redisOptions: each,
      clusterRetryStrategy: nextTry,
      enableOfflineQueue: false,
      lazyConnect: true,
    };
    return new this.ioredis.Cluster([...nodes], cluster);
  }

  /** What BullMQ makes connections of by itself; a Cluster it takes only as a whole. */
  forBullMq(): ConnectionOptions {
    const { redis, nodes } = this.options;
    const options = { ...redis, maxRetriesPerRequest: null };
    if (!nodes) return options;
    return new this.ioredis.Cluster([...nodes], { redisOptions: options });
  }

  /**
   * Connects.
   * @throws BrokerUnavailableError, BrokerRefusedError
   */
  async connect(client: RedisClient): Promise<void> {
    let reason: Error | undefined;
    const remember = (error: Error) => (reason ??= error);
    client.on('error', remember);
    try {
      await client.connect();
    } catch (error) {
      client.disconnect();
      throw this.explain(reason ?? (error as Error));
    } finally {
      client.off('error', remember);
    }
  }

  /** Words for what ioredis threw. */
  explain(error: Error): BrokerUnavailableError | BrokerRefusedError {
    const options = { cause: error };
    if (/WRONGPASS|NOAUTH|AUTH|NOPERM|invalid (username|password)/i.test(error.message))
      return new BrokerRefusedError(
        `${this.address} refuses the user or the password: correct them in the broker's URL`,
        options,
      );
    if (/DB index|invalid DB/i.test(error.message))
      return new BrokerRefusedError(`${this.address} has no database of this number`, options);
    return new BrokerUnavailableError(`${this.address} cannot be reached: ${error.message}`, options);
  }
}

/** An answer that does not come within this time will not come: the connection hangs half open, and is made anew. */
const ANSWER_MS = 5000;

/** @param blocksForMs how long the command may block */
export async function answered<T>(client: RedisClient, command: Promise<T>, blocksForMs = 0): Promise<T> {
  const timer = setTimeout(() => client.disconnect(true), ANSWER_MS + blocksForMs).unref();
  try {
    return await command;
  } finally {
    clearTimeout(timer);
  }
}

function nextTry(times: number): number {
  return Math.min(LONGEST_RETRY_MS, 50 * 2 ** Math.min(times, 10));
}
