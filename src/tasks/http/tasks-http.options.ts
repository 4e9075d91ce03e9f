import type { CanActivate, Type } from '@nestjs/common';
import { toMilliseconds, type Duration } from '../duration.js';
import { InvalidOptionError, didYouMean } from '../errors.js';
import type { ApiKey } from './access/api-keys.js';
import type { HttpRequest } from './access/http-request.js';
import type { Principal } from './access/principal.js';

/** What may come from an async factory of `TasksHttpModule`. */
export interface TasksHttpOptions {
  /** Where clients reach the application, when a proxy adds a host or a path. Default: links are paths as they came in. */
  publicUrl?: string | undefined;
  /**
   * Keys for `Authorization: Bearer <key>`. Without keys and without `principal`, the routes answer loopback only:
   * connections from loopback, with a loopback Host header, that no proxy has forwarded.
   */
  keys?: readonly ApiKey[] | undefined;
  /** With guards of one's own: who a request is, after they let it in. undefined refuses it with 401. */
  principal?: ((request: HttpRequest) => Principal | undefined | Promise<Principal | undefined>) | undefined;
  /** Answers everybody as admin: something in front keeps strangers out. Default false. */
  anonymous?: boolean | undefined;
  /** How often an event stream without news shows that it is alive, since proxies close silent ones. Default '15s'. */
  keepAlive?: Duration | undefined;
  /**
   * Names of values that `read` never sees, nor the dashboard until it is asked to show them: in arguments (by the names
   * of parameters too), results, progress, tags, headers and meta, at any depth. false: nothing is covered.
   * Default: those that usually are secret, such as password, token, apiKey.
   */
  redact?: readonly string[] | false | undefined;
}

/** Static even beside an async factory, since Nest reads routes before any provider exists. */
export interface TasksHttpExtras {
  /** The path of the routes. Default 'tasks'. */
  path?: string | undefined;
  /** Guards of the application in front of every route, such as its JWT guard or a throttler. Default: none. */
  guards?: readonly Type<CanActivate>[] | undefined;
}

/** With every default in its place. */
export interface ResolvedHttpOptions extends TasksHttpOptions {
  readonly keepAliveMs: number;
}

/** Where the routes are, below a global prefix. */
export const HTTP_PATH = Symbol('celeriac:http-path');
export const RESOLVED_HTTP_OPTIONS = Symbol('celeriac:http-options');

const NAMES = ['publicUrl', 'keys', 'principal', 'anonymous', 'keepAlive', 'redact'];

/** @throws InvalidOptionError */
export function resolveHttpOptions(given: TasksHttpOptions): ResolvedHttpOptions {
  for (const name of Object.keys(given))
    if (!NAMES.includes(name))
      throw new InvalidOptionError(name, `one of ${NAMES.join(', ')}${didYouMean(name, NAMES)}`, name);
  const { publicUrl, keys, principal, anonymous, keepAlive = '15s' } = given;
  if (publicUrl !== undefined && !/^https?:\/\/[^?#]+$/.test(URL.canParse(publicUrl) ? publicUrl : ''))
    throw new InvalidOptionError('publicUrl', "a URL such as 'https://example.com/jobs'", publicUrl);
  if ([keys !== undefined, principal !== undefined, anonymous === true].filter(Boolean).length > 1)
    throw new InvalidOptionError('keys', 'only one of keys, principal and anonymous', 'more than one');
  if (keys?.length === 0) throw new InvalidOptionError('keys', 'at least one key', keys);
  const keepAliveMs = toMilliseconds(keepAlive, 'keepAlive');
  if (keepAliveMs < 10) throw new InvalidOptionError('keepAlive', 'at least 10 milliseconds', keepAlive);
  return { ...given, keepAliveMs };
}

/** @throws InvalidOptionError */
export function assertPath(path: string): string {
  if (/^[\w-]+(\/[\w-]+)*$/.test(path)) return path;
  throw new InvalidOptionError('path', "a path such as 'tasks' or 'api/tasks'", path);
}
