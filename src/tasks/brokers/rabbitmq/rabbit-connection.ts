import { EventEmitter } from 'node:events';
import type { ChannelModel, Options, RecoveringChannelModel } from 'amqplib';
import { BrokerRefusedError, BrokerUnavailableError } from '../../errors.js';

type Amqplib = typeof import('amqplib');

/** Seconds. The client notices a silent server after two to three of them. */
const HEARTBEAT_S = 4;
const CONNECT_TIMEOUT_MS = 5000;
/** So that work goes on within seconds of the moment when RabbitMQ takes connections again. */
const LONGEST_RETRY_MS = 1000;

interface ConnectionEvents {
  up: [];
  down: [reason: string];
  /** RabbitMQ is short of memory or disk, and takes no messages. */
  blocked: [reason: string];
  unblocked: [];
}

/** A connection that recovers, to whichever of several hosts answers. */
export class RabbitConnection extends EventEmitter<ConnectionEvents> {
  private connection: RecoveringChannelModel | undefined;
  private current: ChannelModel | undefined;

  constructor(
    private readonly amqplib: Amqplib,
    private readonly urls: readonly string[],
    private readonly socket: Readonly<Record<string, unknown>>,
  ) {
    super();
  }

  /** For people, without passwords. */
  get address(): string {
    return this.urls
      .map((text) => {
        const { protocol, host, pathname } = new URL(text);
        return `${protocol}//${host}${pathname}`;
      })
      .join(', ');
  }

  /** @throws BrokerUnavailableError when no host answers, BrokerRefusedError */
  async open(): Promise<void> {
    const hosts = this.urls.map(addressOf);
    let turn = 0;
    // amqplib reads it anew for each attempt
    const address = { ...hosts[0]! };
    const nextHost = () => Object.assign(address, hosts[++turn % hosts.length]);
    const connection = await this.amqplib.connect(address, {
      noDelay: true,
      timeout: CONNECT_TIMEOUT_MS,
      ...this.socket,
      clientProperties: { connection_name: 'celeriac' },
      recovery: {
        initialMaxRetries: hosts.length - 1,
        initialDelay: 50,
        maxDelay: LONGEST_RETRY_MS,
        waitForConnect: false,
      },
    });
    connection.on('connect', (model) => {
      this.current = model;
      this.emit('up');
    });
    connection.on('connect-failed', nextHost);
    connection.on('disconnect', (error) => {
      this.current = undefined;
      nextHost();
      this.emit('down', error.message);
    });
    connection.on('blocked', (reason) => this.emit('blocked', reason));
    connection.on('unblocked', () => this.emit('unblocked'));
    // each is followed by a disconnect
    connection.on('error', () => undefined);
    connection.on('reconnect-failed', () => undefined);
    try {
      await connection.waitForConnect();
      this.connection = connection;
    } catch (error) {
      await connection.close().catch(() => undefined);
      throw this.explain(error as Error);
    }
  }

  /** @throws BrokerUnavailableError while there is no connection */
  get model(): ChannelModel {
    if (!this.current) throw new BrokerUnavailableError(`${this.address} is not connected`);
    return this.current;
  }

  /** `RabbitMQ 3.10.8` */
  get product(): string {
    const { product, version } = this.model.connection.serverProperties;
    return `${product} ${version}`;
  }

  get isUp(): boolean {
    return this.current !== undefined;
  }

  async close(): Promise<void> {
    this.removeAllListeners();
    await this.connection?.close().catch(() => undefined);
  }

  private explain(error: Error): BrokerUnavailableError | BrokerRefusedError {
    const options = { cause: error };
    if (/ACCESS[-_]REFUSED/.test(error.message))
      return new BrokerRefusedError(
        `${this.address} refuses the user or the password, or the user may not use the virtual host: correct them in the broker's URL`,
        options,
      );
    if (/NOT[-_]ALLOWED|Expected ConnectionOpenOk/.test(error.message))
      return new BrokerRefusedError(
        `${this.address} has no such virtual host, or the user may not use it: rabbitmqctl add_vhost, set_permissions`,
        options,
      );
    return new BrokerUnavailableError(`${this.address} cannot be reached: ${error.message}`, options);
  }
}

function addressOf(text: string): Options.Connect {
  const url = new URL(text);
  return {
    protocol: url.protocol.replace(':', ''),
    hostname: url.hostname.replace(/^\[|\]$/g, ''),
    ...(url.port && { port: Number(url.port) }),
    ...((url.username || url.password) && {
      username: decodeURIComponent(url.username),
      password: decodeURIComponent(url.password),
    }),
    // amqp://host and amqp://host/ mean the default one
    vhost: url.pathname.length > 1 ? decodeURIComponent(url.pathname.slice(1)) : '/',
    heartbeat: HEARTBEAT_S,
  };
}
