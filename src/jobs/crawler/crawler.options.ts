import type { LookupAddress } from 'node:dns';
import { lookup } from 'node:dns/promises';
import { InvalidOptionError } from '../../tasks/index.js';

/** All addresses of a name. */
export type Resolve = (hostname: string) => Promise<LookupAddress[]>;

/** The options of `CrawlerModule.forRoot()`. */
export interface CrawlerOptions {
  /**
   * Whether addresses may be visited that are not public: this machine, its neighbours, the metadata services of
   * clouds. Whoever may submit a task could read them. Default false.
   */
  allowPrivateAddresses?: boolean | undefined;
  /** How the crawler calls itself; what is before the slash is looked for in robots.txt. Default 'CeleriacCrawler/1.0'. */
  userAgent?: string | undefined;
  /** Milliseconds between two requests, when a task does not say; robots.txt may ask for more. Default 250. */
  delay?: number | undefined;
  /** Milliseconds between two requests at most, however much robots.txt asks for. Default 10,000. */
  maxDelay?: number | undefined;
  /** Milliseconds that one request may take, with its body. Default 10,000. */
  requestTimeout?: number | undefined;
  /** Bytes of a page that are read. Default 2 MiB. */
  maxPageBytes?: number | undefined;
  /** Default: what the operating system says. */
  resolve?: Resolve | undefined;
}

/** The options with their defaults, checked; also the injection token. */
export class CrawlerSettings {
  readonly allowPrivateAddresses: boolean;
  readonly userAgent: string;
  readonly delay: number;
  readonly maxDelay: number;
  readonly requestTimeout: number;
  readonly maxPageBytes: number;
  readonly resolve: Resolve;

  constructor(options: CrawlerOptions = {}) {
    this.allowPrivateAddresses = options.allowPrivateAddresses ?? false;
    this.userAgent = readUserAgent(options.userAgent ?? 'CeleriacCrawler/1.0');
    this.delay = atLeast(0, 'delay', options.delay ?? 250);
    this.maxDelay = atLeast(0, 'maxDelay', options.maxDelay ?? 10_000);
    this.requestTimeout = atLeast(1, 'requestTimeout', options.requestTimeout ?? 10_000);
    this.maxPageBytes = atLeast(1, 'maxPageBytes', options.maxPageBytes ?? 2 * 2 ** 20);
    this.resolve = options.resolve ?? ((hostname) => lookup(hostname, { all: true }));
  }
}

function readUserAgent(text: string): string {
  if (/^[\x21-\x7e][\x20-\x7e]{0,199}$/.test(text)) return text;
  throw new InvalidOptionError('CrawlerModule: userAgent', 'one to 200 characters of ASCII', text);
}

function atLeast(least: number, option: string, value: number): number {
  if (Number.isSafeInteger(value) && value >= least) return value;
  throw new InvalidOptionError(`CrawlerModule: ${option}`, `a whole number of ${least} or more`, value);
}
