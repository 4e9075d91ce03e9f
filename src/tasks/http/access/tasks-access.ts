import { KeyRing } from './api-keys.js';
import { headerOf, type HttpRequest } from './http-request.js';
import { isLocal } from './loopback.js';
import { ForbiddenError, UnauthenticatedError, type Principal } from './principal.js';
import { assertSameOrigin } from './same-origin.js';
import { sessionOf } from './session.js';
import type { TasksHttpOptions } from '../tasks-http.options.js';

const ADMIN: Principal = { role: 'admin', owner: null };

/** Finds out who asks, as the options of `TasksHttpModule` say. */
export class TasksAccess {
  private readonly keys: KeyRing | undefined;

  constructor(
    private readonly options: Pick<TasksHttpOptions, 'keys' | 'principal' | 'anonymous' | 'publicUrl'>,
  ) {
    this.keys = options.keys && new KeyRing(options.keys);
  }

  /** @throws UnauthenticatedError, ForbiddenError, CrossSiteError */
  async identify(request: HttpRequest): Promise<Principal> {
    const principal = await this.whoAsks(request);
    this.assertOwnSite(request);
    return principal;
  }

  /** Whoever asks. @throws CrossSiteError */
  assertOwnSite(request: HttpRequest): void {
    assertSameOrigin(request, this.options.publicUrl);
  }

  /** Whether browsers reach the application over HTTPS, whatever a proxy makes of it. */
  get isSecure(): boolean {
    return this.options.publicUrl?.startsWith('https:') ?? false;
  }

  /** Whether callers show keys; then a browser may log in with one. */
  get usesKeys(): boolean {
    return this.keys !== undefined;
  }

  /**
   * A session for the cookie of a browser, signed with the key.
   * @param until ms since 1970
   * @throws UnauthenticatedError, CrossSiteError
   */
  logIn(request: HttpRequest, key: string, until: number): string {
    this.assertOwnSite(request);
    const session = this.keys?.issue(key, until);
    if (session === undefined) throw new UnauthenticatedError('this key is not known here');
    return session;
  }

  private whoAsks(request: HttpRequest): Principal | Promise<Principal> {
    if (this.options.anonymous) return ADMIN;
    if (this.keys) return byKey(request, this.keys);
    if (this.options.principal) return byApplication(request, this.options.principal);
    if (isLocal(request)) return ADMIN;
    throw new ForbiddenError(
      'only this machine itself is answered: configure keys, or a principal beside guards of your own',
    );
  }
}

function byKey(request: HttpRequest, keys: KeyRing): Principal {
  const key = /^Bearer +(\S+)$/i.exec(headerOf(request, 'authorization') ?? '')?.[1];
  const session = key === undefined ? sessionOf(request) : undefined;
  const principal = key === undefined ? session && keys.findSession(session) : keys.find(key);
  if (principal) return principal;
  throw new UnauthenticatedError(
    'expected the header Authorization: Bearer <key> with a key that is known here',
  );
}

async function byApplication(
  request: HttpRequest,
  identify: NonNullable<TasksHttpOptions['principal']>,
): Promise<Principal> {
  const principal = await identify(request);
  if (!principal) throw new UnauthenticatedError('it is not known who asks');
  // a missing owner would otherwise see everybody's tasks
  const { owner } = principal as { owner?: unknown };
  if (owner !== null && (typeof owner !== 'string' || owner === ''))
    throw new UnauthenticatedError('it is not known whose tasks these are');
  return principal;
}
