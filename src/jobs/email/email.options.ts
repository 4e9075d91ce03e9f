import { isIP } from 'node:net';
import { resolve } from 'node:path';
import { InvalidOptionError } from '../../tasks/index.js';
import { type Address, parseAddress } from './email.address.js';

/** The options of `EmailModule.forRoot()`. */
export interface EmailOptions {
  /**
   * The mail server: `smtp://user:password@host:587` (upgraded by STARTTLS where the server offers it, and always
   * before a password is sent to another machine) or `smtps://user:password@host:465`. Default: none, messages are
   * written to the outbox.
   */
  smtpUrl?: string | undefined;
  /** Certificates in PEM to trust instead of the well-known authorities. Default: none. */
  ca?: string | undefined;
  /** The sender of messages that name none. Default 'Celeriac <celeriac@localhost>'. */
  from?: string | undefined;
  /** The folder for messages when there is no mail server; made if it is missing. Default 'data/outbox'. */
  outbox?: string | undefined;
}

export interface MailServer {
  readonly host: string;
  readonly port: number;
  /** TLS from the first byte. */
  readonly secure: boolean;
  /** Refuse to go on without STARTTLS. */
  readonly requireTLS: boolean;
  readonly auth: { readonly user: string; readonly pass: string } | undefined;
  readonly ca: string | undefined;
}

/** The options with their defaults, checked; also the injection token. */
export class EmailSettings {
  readonly server: MailServer | undefined;
  readonly from: Address;
  readonly outbox: string;

  constructor(options: EmailOptions = {}) {
    this.server = options.smtpUrl === undefined ? undefined : readServer(options.smtpUrl, options.ca);
    this.from = readSender(options.from ?? 'Celeriac <celeriac@localhost>');
    this.outbox = resolve(options.outbox ?? 'data/outbox');
  }
}

function readSender(text: string): Address {
  const address = parseAddress(text);
  if (!address)
    throw new InvalidOptionError('EmailModule: from', "an address such as 'Shop <shop@example.com>'", text);
  return address;
}

/** The URL is never repeated in an error: it has a password in it. */
function readServer(text: string, ca: string | undefined): MailServer {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url || !/^smtps?:$/.test(url.protocol) || url.hostname === '')
    throw wrongServer('one that does not fit');
  if (url.search !== '' || url.hash !== '' || !['', '/'].includes(url.pathname))
    throw wrongServer('one with more behind the port, which would have no effect');
  const secure = url.protocol === 'smtps:';
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
  const auth = url.username === '' ? undefined : readCredentials(url);
  return {
    host,
    port: url.port === '' ? (secure ? 465 : 587) : Number(url.port),
    secure,
    requireTLS: !secure && auth !== undefined && !isLoopback(host),
    auth,
    ca,
  };
}

function readCredentials(url: URL): { user: string; pass: string } {
  try {
    return { user: decodeURIComponent(url.username), pass: decodeURIComponent(url.password) };
  } catch {
    throw wrongServer("one whose user or password has a '%' that must be written as '%25'");
  }
}

function wrongServer(given: string): Error {
  const expected = 'expected smtp://user:password@host:587 or smtps://user:password@host:465';
  return new Error(`EmailModule: smtpUrl: ${expected}, got ${given}`);
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'));
}
