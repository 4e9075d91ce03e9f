import {
  Inject,
  Injectable,
  SetMetadata,
  createParamDecorator,
  type CanActivate,
  type CustomDecorator,
  type ExecutionContext,
} from '@nestjs/common';
import { HttpAdapterHost, Reflector } from '@nestjs/core';
import type { HttpRequest } from './http-request.js';
import { ForbiddenError, isAble, type Ability, type Principal } from './principal.js';
import { TasksAccess } from './tasks-access.js';

const NEEDS = 'celeriac:needs';

/**
 * What a route needs of who asks; with {@link TasksAccessGuard} also on controllers of the application:
 * `@UseGuards(TasksAccessGuard) @Needs('submit')`. The guard refuses routes without it.
 */
export function Needs(ability: Ability): CustomDecorator {
  return SetMetadata(NEEDS, ability);
}

/** Who asks, as a route's parameter: `@CurrentPrincipal() principal: Principal`. Behind {@link TasksAccessGuard} only. */
export const CurrentPrincipal = createParamDecorator((_: unknown, context: ExecutionContext): Principal => {
  const { taskPrincipal } = context.switchToHttp().getRequest<HttpRequest>();
  if (!taskPrincipal) throw new Error('@CurrentPrincipal() needs @UseGuards(TasksAccessGuard) on its route');
  return taskPrincipal;
});

/** Lets those in who may: keys, roles and owners as `TasksHttpModule` was told. */
@Injectable()
export class TasksAccessGuard implements CanActivate {
  constructor(
    @Inject(TasksAccess) private readonly access: TasksAccess,
    @Inject(Reflector) private readonly reflector: Reflector,
    @Inject(HttpAdapterHost) private readonly host: HttpAdapterHost,
  ) {}

  /** @throws UnauthenticatedError, ForbiddenError, CrossSiteError */
  async canActivate(context: ExecutionContext): Promise<boolean> {
    const http = context.switchToHttp();
    const request = http.getRequest<HttpRequest>();
    // answers are of the moment, and meant for one client
    this.host.httpAdapter.setHeader(http.getResponse(), 'Cache-Control', 'no-store');
    this.host.httpAdapter.setHeader(http.getResponse(), 'X-Content-Type-Options', 'nosniff');
    const principal = await this.access.identify(request);
    const ability = this.reflector.getAllAndOverride<Ability | undefined>(NEEDS, [
      context.getHandler(),
      context.getClass(),
    ]);
    if (!isAble(principal, ability))
      throw new ForbiddenError(`a key with the role '${principal.role}' may not do this`);
    request.taskPrincipal = principal;
    return true;
  }
}
