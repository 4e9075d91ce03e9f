import { Inject, Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import type { HttpRequest } from '../http/access/http-request.js';
import { TasksAccess } from '../http/access/tasks-access.js';

/** FAULTS: nothing of another host, nothing inline, never in a frame. */
const POLICY = [
  `default-src 'none'`,
  `script-src 'self'`,
  `style-src 'self'`,
  `img-src 'self' data:`,
  `connect-src 'self'`,
  `base-uri 'none'`,
  `form-action 'self'`,
  `frame-ancestors 'none'`,
].join('; ');

/**
 * Lets those see the page who may ask the API. Where they show keys the page itself is open, since it asks for the
 * key: it holds nothing but code.
 */
@Injectable()
export class DashboardGuard implements CanActivate {
  constructor(
    @Inject(TasksAccess) private readonly access: TasksAccess,
    @Inject(HttpAdapterHost) private readonly host: HttpAdapterHost,
  ) {}

  /** @throws UnauthenticatedError, ForbiddenError, CrossSiteError */
  async canActivate(context: ExecutionContext): Promise<boolean> {
    const http = context.switchToHttp();
    const headers = {
      'Content-Security-Policy': POLICY,
      'X-Content-Type-Options': 'nosniff',
      'Referrer-Policy': 'no-referrer',
      'Cache-Control': 'no-store',
    };
    for (const [name, value] of Object.entries(headers))
      this.host.httpAdapter.setHeader(http.getResponse(), name, value);
    if (!this.access.usesKeys) await this.access.identify(http.getRequest<HttpRequest>());
    return true;
  }
}
