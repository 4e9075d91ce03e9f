import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { callbackify } from 'node:util';
import { SMTPServer, type SMTPServerOptions } from 'smtp-server';

export interface Delivery {
  readonly from: string;
  readonly to: string[];
  readonly source: string;
}

export interface MailServer {
  readonly port: number;
  /** The messages it took. */
  readonly deliveries: Delivery[];
  /** Connections that are open now. */
  connections(): number;
  close(): Promise<void>;
}

export interface MailServerOptions extends SMTPServerOptions {
  /** An error refuses the message; without it every message is taken. It may take its time. */
  judge?: (delivery: Delivery) => Error | undefined | Promise<Error | undefined>;
}

/** An answer such as `451 later`, as smtp-server wants it. */
export function answer(responseCode: number, text: string): Error {
  return Object.assign(new Error(text), { responseCode });
}

/** A real mail server on loopback, in this process; without TLS or passwords unless the options say otherwise. */
export async function startMailServer({ judge, ...options }: MailServerOptions = {}): Promise<MailServer> {
  const deliveries: Delivery[] = [];
  const judgeThen = callbackify(async (delivery: Delivery) => judge?.(delivery));
  const server = new SMTPServer({
    authOptional: true,
    hideSTARTTLS: true,
    disabledCommands: options.onAuth ? [] : ['AUTH'],
    allowInsecureAuth: true,
    disableReverseLookup: true,
    closeTimeout: 100,
    onData(stream, session, done) {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('end', () => {
        const { mailFrom, rcptTo } = session.envelope;
        const delivery = {
          from: mailFrom ? mailFrom.address : '',
          to: rcptTo.map(({ address }) => address),
          source: Buffer.concat(chunks).toString(),
        };
        judgeThen(delivery, (error, refusal) => {
          if (!error && !refusal) deliveries.push(delivery);
          done(error ?? refusal ?? null);
        });
      });
    },
    ...options,
  });
  // a client that hangs up is no reason to end the tests
  server.on('error', () => undefined);
  server.listen(0, '127.0.0.1');
  await once(server.server, 'listening');
  return {
    port: (server.server.address() as AddressInfo).port,
    deliveries,
    connections: () => server.connections.size,
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}
