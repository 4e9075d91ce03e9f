import { Inject, Injectable, SetMetadata, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { KeyRing } from './api-keys.js';
import { ForbiddenError, UnauthenticatedError, isAble, type Ability, type Principal } from './principal.js';
import { TASKS_HTTP_OPTIONS, type TasksHttpOptions } from './tasks-http.options.js';

const NEEDS = 'celeriac:needs';
/** What a route needs of who asks. */
export const Needs = (ability: Ability) => SetMetadata(NEEDS, ability);

/** The parts of a request that Express and Fastify share. */
export interface HttpRequest {
  readonly headers: Record<string, string | string[] | undefined>;
  readonly socket?: { readonly remoteAddress?: string | undefined };
  readonly user?: unknown;
  taskPrincipal?: Principal;
}

const ADMIN: Principal = { role: 'admin', owner: null };
const FORWARDED = ['forwarded', 'x-forwarded-for', 'x-forwarded-host', 'x-real-ip'];

/** Decides who asks, and whether they may. */
@Injectable()
export class AccessGuard implements CanActivate {
  private readonly keys: KeyRing | undefined;

  constructor(
    @Inject(TASKS_HTTP_OPTIONS) private readonly options: TasksHttpOptions,
    private readonly reflector: Reflector,
  ) {
    this.keys = options.keys && new KeyRing(options.keys);
  }

  /** @throws UnauthenticatedError, ForbiddenError */
  canActivate(context: ExecutionContext): boolean {
    const request = context.switchToHttp().getRequest<HttpRequest>();
    const principal = this.identify(request);
    const ability = this.reflector.get<Ability>(NEEDS, context.getHandler());
    if (!isAble(principal, ability))
      throw new ForbiddenError(`a key with the role '${principal.role}' may not do this`);
    request.taskPrincipal = principal;
    return true;
  }

  private identify(request: HttpRequest): Principal {
    if (this.options.anonymous) return ADMIN;
    if (this.keys) return this.byKey(request, this.keys);
    if (this.options.principal) {
      const principal = this.options.principal(request);
      if (!principal) throw new UnauthenticatedError('it is not known who asks');
      return principal;
    }
    if (!isLocal(request))
      throw new ForbiddenError('without keys only this machine itself is answered: configure keys');
    return ADMIN;
  }

  private byKey(request: HttpRequest, keys: KeyRing): Principal {
    const header = request.headers.authorization;
    const key = typeof header === 'string' ? /^Bearer +(\S+)$/i.exec(header)?.[1] : undefined;
    const principal = key === undefined ? undefined : keys.find(key);
    if (!principal)
      throw new UnauthenticatedError(
        'expected the header Authorization: Bearer <key> with a key that is known here',
      );
    return principal;
  }
}

/** A page that a browser was lured to sends its own host's name, so the Host header counts as well. */
function isLocal({ headers, socket }: HttpRequest): boolean {
  const address = socket?.remoteAddress?.replace(/^::ffff:/, '') ?? '';
  const host = String(headers.host ?? '').replace(/:\d+$/, '');
  return (
    isLoopback(address) &&
    (host === 'localhost' || isLoopback(host.replace(/^\[|\]$/g, ''))) &&
    FORWARDED.every((name) => headers[name] === undefined)
  );
}

const isLoopback = (address: string) => address === '::1' || /^127(\.\d{1,3}){3}$/.test(address);
