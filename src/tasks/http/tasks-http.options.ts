import type { CanActivate, Type } from '@nestjs/common';
import { InvalidOptionError } from '../errors.js';
import type { ApiKey } from './api-keys.js';
import type { Principal } from './principal.js';

/** Options of `TasksHttpModule.forRoot()`. */
export interface TasksHttpOptions {
  /** The path of the routes. Default 'tasks'. */
  path?: string | undefined;
  /** Guards of the application in front of every route, such as its JWT guard or a throttler. Default: none. */
  guards?: readonly Type<CanActivate>[] | undefined;
  /** Where clients reach the application, when a proxy adds a host or a path. Default: links are paths as they came in. */
  publicUrl?: string | undefined;
  /**
   * Keys for `Authorization: Bearer <key>`. Without keys and without `principal`, the routes answer loopback only:
   * connections from loopback, with a loopback Host header, that no proxy has forwarded.
   */
  keys?: readonly ApiKey[] | undefined;
  /** With guards of one's own: who a request is, after they let it in. undefined refuses it with 401. */
  principal?:
    ((request: { user?: unknown; headers: Record<string, unknown> }) => Principal | undefined) | undefined;
  /** Answers everybody as admin: something in front keeps strangers out. Default false. */
  anonymous?: boolean | undefined;
}

export const TASKS_HTTP_OPTIONS = Symbol('celeriac:http-options');

/** @throws InvalidOptionError */
export function checkHttpOptions(options: TasksHttpOptions): TasksHttpOptions {
  const { path, publicUrl, keys, principal, anonymous } = options;
  if (path !== undefined && !/^[\w-]+(\/[\w-]+)*$/.test(path))
    throw new InvalidOptionError('path', "a path such as 'tasks' or 'api/tasks'", path);
  if (publicUrl !== undefined && !URL.canParse(publicUrl))
    throw new InvalidOptionError('publicUrl', 'an absolute URL', publicUrl);
  if ([keys !== undefined, principal !== undefined, anonymous === true].filter(Boolean).length > 1)
    throw new InvalidOptionError('keys', 'only one of keys, principal and anonymous', 'more than one');
  if (keys?.length === 0) throw new InvalidOptionError('keys', 'at least one key', keys);
  return options;
}
