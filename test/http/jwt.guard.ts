import { Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { jwtVerify } from 'jose';
import { UnauthenticatedError, type HttpRequest, type Principal } from '#dist/tasks/http/index.js';

const secret = new TextEncoder().encode(process.env.JWT_SECRET);

/** Knows users by a token of the application's own log-in, and leaves its claims in `request.user`. */
@Injectable()
export class JwtGuard implements CanActivate {
  async canActivate(context: ExecutionContext): Promise<boolean> {
    const request = context
      .switchToHttp()
      .getRequest<{ headers: { authorization?: string }; user?: unknown }>();
    const token = request.headers.authorization?.replace(/^Bearer /, '') ?? '';
    try {
      const { payload } = await jwtVerify(token, secret, { algorithms: ['HS256'] });
      request.user = payload;
      return true;
    } catch {
      throw new UnauthenticatedError('expected a valid token');
    }
  }
}

/** Users submit and see their own tasks, administrators everything. */
export function principalOf({ user }: HttpRequest): Principal | undefined {
  const { sub, admin } = user as { sub?: string; admin?: boolean };
  if (sub === undefined) return undefined;
  return { role: admin === true ? 'admin' : 'submit', owner: sub };
}
