import { InvalidOptionError, describe } from '../errors.js';

/** Redis by options instead of a URL: Sentinel, Cluster, TLS with files. */
export interface RedisBrokerOptions {
  /**
   * Options of ioredis: `host`, `port`, `username`, `password`, `db`, `tls`, or `sentinels` and `name`. With `nodes`,
   * those of every node.
   */
  readonly redis: Readonly<Record<string, unknown>>;
  /** The nodes of a Redis Cluster by which it is found. Default: no Cluster. */
  readonly nodes?: readonly { readonly host: string; readonly port: number }[] | undefined;
}

/** RabbitMQ by options instead of a URL: TLS with files. */
export interface AmqpBrokerOptions {
  /** One URL or several, of which one that answers is taken. */
  readonly amqp: string | readonly string[];
  /** Options of the socket (`ca`, `cert`, `key`, …), as `tls.connect()` takes them. Default: none. */
  readonly socket?: Readonly<Record<string, unknown>> | undefined;
}

/** What `TasksModule.forRoot({ broker })` takes. */
export type BrokerOptions = string | RedisBrokerOptions | AmqpBrokerOptions;

/** {@link BrokerOptions}, read and checked. */
export type BrokerChoice =
  | { readonly kind: 'postgres'; readonly url: string | undefined }
  | { readonly kind: 'memory' }
  | RemoteBrokerChoice;

/** Brokers that are processes of their own. */
export type RemoteBrokerChoice =
  | ({ readonly kind: 'redis' } & RedisBrokerOptions)
  | {
      readonly kind: 'amqp';
      readonly urls: readonly string[];
      readonly socket: Readonly<Record<string, unknown>>;
    };

const EXPECTED =
  'a URL that starts with redis://, rediss://, amqp://, amqps://, postgres:// or memory://, or { redis: … } or { amqp: … }';

/**
 * Which broker the options name. Without any, the database itself.
 * @throws InvalidOptionError without the URL's password
 */
export function readBrokerOptions(options: BrokerOptions | undefined): BrokerChoice {
  if (options === undefined || options === '') return { kind: 'postgres', url: undefined };
  if (typeof options === 'string') return readUrl(options);
  if (typeof options === 'object' && options !== null) {
    if ('redis' in options && isObject(options.redis)) return { kind: 'redis', ...options };
    if ('amqp' in options) return readAmqp(options);
  }
  throw new InvalidOptionError('broker', EXPECTED, options);
}

/** Whether what becomes ready must be noted for the relay. */
export function isRelayed(choice: BrokerChoice): choice is RemoteBrokerChoice {
  return choice.kind === 'redis' || choice.kind === 'amqp';
}

function readUrl(url: string): BrokerChoice {
  const scheme = /^([a-z][a-z0-9+.-]*):/i.exec(url)?.[1]?.toLowerCase();
  switch (scheme) {
    case 'postgres':
    case 'postgresql':
      return { kind: 'postgres', url };
    case 'memory':
      return { kind: 'memory' };
    case 'redis':
    case 'rediss':
      return { kind: 'redis', redis: redisOptions(url) };
    case 'amqp':
    case 'amqps':
      return readAmqp({ amqp: url });
    default:
      // not what was given: it may be a password with a forgotten scheme
      throw new InvalidOptionError('broker', EXPECTED, scheme === undefined ? 'no URL' : `${scheme}://…`);
  }
}

/** `redis://user:password@host:port/db`, as https://www.iana.org/assignments/uri-schemes/prov/redis has it. */
function redisOptions(text: string): Record<string, unknown> {
  const url = parse(text, 'redis://user:password@host:6379/0');
  const db = url.pathname.slice(1) || url.searchParams.get('db') || '0';
  if (!/^\d{1,5}$/.test(db))
    throw new InvalidOptionError('broker', "the database's number behind the host: redis://host:6379/2", db);
  return {
    host: url.hostname.replace(/^\[|\]$/g, '') || '127.0.0.1',
    port: Number(url.port || 6379),
    db: Number(db),
    ...(url.username && { username: decodeURIComponent(url.username) }),
    ...(url.password && { password: decodeURIComponent(url.password) }),
    ...(url.protocol === 'rediss:' && { tls: {} }),
  };
}

function readAmqp({ amqp, socket = {} }: AmqpBrokerOptions): BrokerChoice {
  const urls = [amqp].flat().flatMap(severalHosts);
  if (urls.length === 0) throw new InvalidOptionError('broker', 'at least one amqp:// URL', 'none');
  for (const url of urls) {
    const { protocol } = parse(url, 'amqp://user:password@host:5672/vhost');
    if (protocol !== 'amqp:' && protocol !== 'amqps:')
      throw new InvalidOptionError('broker', 'URLs that start with amqp:// or amqps://', protocol);
  }
  return { kind: 'amqp', urls, socket };
}

/** `amqp://user:password@a:5672,b:5672/vhost` names two hosts. */
function severalHosts(url: string): string[] {
  const match = /^(\w+:\/\/)([^/@]*@)?([^/?#]*)(.*)$/.exec(url);
  if (!match) return [url];
  const [, scheme, user = '', hosts, rest] = match;
  return hosts!.split(',').map((host) => `${scheme}${user}${host.trim()}${rest}`);
}

function parse(text: string, form: string): URL {
  try {
    return new URL(text);
  } catch {
    throw new InvalidOptionError('broker', `a URL such as ${form}`, describe('something else'));
  }
}

const isObject = (value: unknown) => typeof value === 'object' && value !== null && !Array.isArray(value);
