import { randomUUID } from 'node:crypto';
import type { ConnectionOptions, RedisQueueBackend } from 'bullmq';
import { BrokerRefusedError, BrokerUnavailableError } from '../../errors.js';
import { Broker, type ConsumeOptions, type Consumer, type QueueCounts, type TaskMessage } from '../broker.js';
import type { RedisBrokerOptions } from '../broker-options.js';
import { BatchScripts } from './batch-scripts.js';
import { loadRedis, type RedisLibraries } from './load-redis.js';
import { RedisClients, answered, type RedisClient } from './redis-clients.js';
import { RedisConsumer } from './redis-consumer.js';
import { jobIdOf, prefixOf, queueNameOf, toJob } from './redis-message.js';

/** A connection on which nothing moves is asked this often whether it is alive. */
const PING_MS = 3000;

export interface RedisBrokerSettings {
  readonly schema: string;
  readonly leaseMs: number;
}

/**
 * Queues of BullMQ, under a prefix of the schema's own. Everything goes through BullMQ's scripts, so its dashboards,
 * QueueEvents and Queue see ordinary queues; the loop that takes jobs is ours, because the slots of a worker are shared
 * by all of its queues, and because what ends together is acknowledged in one round trip.
 */
export class RedisBroker extends Broker {
  readonly kind = 'redis';
  readonly isTable = false;
  readonly isRemote = true;
  private readonly prefix: string;
  private readonly queues = new Map<string, RedisQueueBackend>();
  private readonly consumers = new Set<RedisConsumer>();
  private client: RedisClient | undefined;
  private scripts: BatchScripts | undefined;
  private root: RedisQueueBackend | undefined;
  private heartbeat: NodeJS.Timeout | undefined;
  private closed = false;

  private constructor(
    private readonly libraries: RedisLibraries,
    private readonly clients: RedisClients,
    private readonly settings: RedisBrokerSettings,
  ) {
    super();
    this.prefix = prefixOf(settings.schema, clients.isCluster);
  }

  /** @throws MissingPackageError */
  static async load(options: RedisBrokerOptions, settings: RedisBrokerSettings): Promise<RedisBroker> {
    const libraries = await loadRedis();
    return new RedisBroker(libraries, new RedisClients(libraries.ioredis, options), settings);
  }

  override async connect(): Promise<void> {
    const client = this.clients.create(this.prefix);
    await this.clients.connect(client);
    try {
      await this.refuseEviction(client);
      this.scripts = new BatchScripts(client);
      this.root = await this.createRoot(client);
      this.scripts.load();
    } catch (error) {
      client.disconnect();
      throw error;
    }
    client.on('error', (error: Error) => this.wentDown(error.message));
    client.on('close', () => this.wentDown('the connection is closed'));
    client.on('ready', () => this.cameUp());
    this.client = client;
    this.heartbeat = setInterval(() => void this.beat(), PING_MS).unref();
  }

  override async publish(messages: readonly TaskMessage[]): Promise<void> {
    const now = Date.now();
    const byQueue = new Map<string, { job: ReturnType<typeof toJob>; jobId: string }[]>();
    for (const message of messages) {
      const jobId = jobIdOf(message);
      const entry = { job: toJob(message, jobId, now), jobId };
      const entries = byQueue.get(message.queue);
      if (entries) entries.push(entry);
      else byQueue.set(message.queue, [entry]);
    }
    try {
      await Promise.all(
        [...byQueue].map(([queue, entries]) => this.scripts!.add(this.queue(queue), entries)),
      );
    } catch (error) {
      // out of memory, read-only, loading: it answers, and takes nothing
      this.wentDown(reasonOf(error));
      throw error;
    }
  }

  override async consume(options: ConsumeOptions): Promise<Consumer> {
    const blocking = this.clients.create(`${this.prefix}:worker`);
    // whatever breaks shows in the commands
    blocking.on('error', () => undefined);
    await blocking.connect().catch(() => undefined);
    const consumer = new RedisConsumer(
      {
        broker: this,
        prefix: this.prefix,
        queue: (name) => this.queue(name),
        scripts: this.scripts!,
        commands: this.connected(),
        blocking,
        leaseMs: this.settings.leaseMs,
        onStop: () => this.consumers.delete(consumer),
      },
      options,
    );
    this.consumers.add(consumer);
    consumer.start();
    return consumer;
  }

  override async counts(queue: string): Promise<QueueCounts> {
    const counts = await this.queue(queue).getCounts(['wait', 'prioritized', 'failed']);
    const [wait = 0, prioritized = 0, failed = 0] = counts;
    return { waiting: wait + prioritized, quarantined: failed };
  }

  override async purge(queue: string): Promise<number> {
    const { waiting } = await this.counts(queue);
    await this.queue(queue).drain(false);
    return waiting;
  }

  /** A key of our own, which an emptied Redis has lost, and what changes when it is restarted or fails over. */
  override async epoch(): Promise<string> {
    const client = this.connected();
    const key = `${this.prefix}:epoch`;
    await client.set(key, randomUUID(), 'NX');
    const own = (await client.get(key)) ?? '';
    if (this.clients.isCluster) return own;
    const info = await (client as Exclude<RedisClient, { nodes: unknown }>).info();
    const field = (name: string) => new RegExp(`^${name}:(\\w+)`, 'm').exec(info)?.[1] ?? '';
    return [own, field('run_id'), field('master_replid')].join('|');
  }

  override async describe(): Promise<string> {
    const info = await this.connected().info();
    const version = /^(?:valkey|redis)_version:(\S+)/m.exec(info)?.[1];
    return `Redis ${version} at ${this.clients.address}`;
  }

  override async ping(): Promise<void> {
    const { up, reason } = this.status;
    if (!up) throw new BrokerUnavailableError(`${this.clients.address} cannot be used: ${reason}`);
    await this.connected().ping();
  }

  /** For queues of BullMQ beside this one, which make connections of their own. */
  bullOptions(): { connection: ConnectionOptions; prefix: string } {
    return { connection: this.clients.forBullMq(), prefix: this.prefix };
  }

  override async close(): Promise<void> {
    if (this.closed) return;
    this.closed = true;
    clearInterval(this.heartbeat);
    await Promise.all([...this.consumers].map((consumer) => consumer.stop()));
    const { client } = this;
    if (!client) return;
    client.removeAllListeners('close');
    await client.quit().catch(() => client.disconnect());
  }

  private queue(name: string): RedisQueueBackend {
    let queue = this.queues.get(name);
    if (!queue) {
      if (!this.root) throw new BrokerUnavailableError(`${this.clients.address} is not connected yet`);
      // typed by its interface alone
      queue = this.root.forQueue(queueNameOf(name)) as RedisQueueBackend;
      this.queues.set(name, queue);
    }
    return queue;
  }

  private connected(): RedisClient {
    if (!this.client) throw new BrokerUnavailableError(`${this.clients.address} is not connected yet`);
    return this.client;
  }

  private async createRoot(client: RedisClient): Promise<RedisQueueBackend> {
    const { RedisQueueBackend, RedisConnection, QueueKeys } = this.libraries.bullmq;
    const connection = new RedisConnection(client, { shared: true, blocking: false });
    connection.on('error', () => undefined);
    await connection.client;
    const keys = new QueueKeys(this.prefix);
    const name = 'celeriac';
    const options = {
      connection: client,
      prefix: this.prefix,
      lockDuration: this.settings.leaseMs,
      stalledInterval: this.settings.leaseMs,
      // how often a task may be lost is the store's to decide
      maxStalledCount: 1_000_000,
    } as ConstructorParameters<typeof RedisQueueBackend>[4];
    const toKey = (type: string) => keys.toKey(name, type);
    // it does not own the connection, whose errors are heard here
    return new RedisQueueBackend(connection, name, keys.getKeys(name), toKey, options, undefined, false);
  }

  /** A Redis that drops keys when its memory is full would drop messages. */
  private async refuseEviction(client: RedisClient): Promise<void> {
    const answer = await client.config('GET', 'maxmemory-policy').catch(() => undefined);
    // managed services forbid CONFIG; INFO tells as well
    const policy =
      (answer as string[] | undefined)?.[1] ??
      /^maxmemory_policy:(\S+)/m.exec(await client.info().catch(() => ''))?.[1];
    if (policy === undefined || policy === 'noeviction') return;
    throw new BrokerRefusedError(
      `${this.clients.address} has maxmemory-policy '${policy}': it would drop messages when its memory is full. ` +
        `Set it right with: redis-cli CONFIG SET maxmemory-policy noeviction (and in redis.conf)`,
    );
  }

  /** Writes, because a Redis that is full or read-only still answers PING. */
  private async beat(): Promise<void> {
    try {
      const client = this.connected();
      await answered(client, client.set(`${this.prefix}:alive`, Date.now(), 'PX', 60_000));
      this.cameUp();
    } catch (error) {
      if (!this.closed) this.wentDown(reasonOf(error));
    }
  }
}

/** Without the script that Redis was running. */
function reasonOf(error: unknown): string {
  return (error as Error).message.replace(/\.? script: .*$/, '');
}
