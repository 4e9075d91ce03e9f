import {
  Body,
  Get,
  HttpCode,
  Inject,
  NotFoundException,
  Post,
  Req,
  Res,
  StreamableFile,
} from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { InvalidOptionError } from '../errors.js';
import { headerOf, type HttpRequest } from '../http/access/http-request.js';
import { UnauthenticatedError, type Principal } from '../http/access/principal.js';
import { SESSION_COOKIE } from '../http/access/session.js';
import { TasksAccess } from '../http/access/tasks-access.js';
import { objectOf } from '../http/requests/submit-request.js';
import type { LinkedRequest } from '../http/task-links.js';
import { HTTP_PATH } from '../http/tasks-http.options.js';
import { DASHBOARD_OPTIONS, type ResolvedDashboardOptions } from './dashboard.options.js';
import { readPageFiles, type PageFile } from './page-files.js';

type PageRequest = HttpRequest & LinkedRequest & { readonly secure?: boolean; readonly protocol?: string };

/** What the page must know before it asks for anything else. */
export interface PageConfiguration {
  /** The routes of the tasks, relative to the page. */
  api: string;
  /** Whether a key may be given to log in. */
  login: boolean;
  /** Who asks; null when that is not known yet. */
  principal: Principal | null;
}

/** Serves the page and its login. `TasksDashboardModule` mounts it under the path of its options. */
export class DashboardController {
  private readonly files = readPageFiles();

  constructor(
    @Inject(HttpAdapterHost) private readonly host: HttpAdapterHost,
    @Inject(TasksAccess) private readonly access: TasksAccess,
    @Inject(HTTP_PATH) private readonly apiPath: string,
    @Inject(DASHBOARD_OPTIONS) private readonly options: ResolvedDashboardOptions,
  ) {
    // Fastify knows the folder itself, with its slash at the end, by a wildcard only, of which Nest warns on Express
    const adapter = host.httpAdapter as HttpAdapterHost['httpAdapter'] | null; // null in a worker
    const path = adapter?.getType() === 'fastify' ? '*' : ':file';
    const { prototype } = DashboardController;
    Get(path)(prototype, 'file', Object.getOwnPropertyDescriptor(prototype, 'file')!);
  }

  /** The page's links are relative: its path must end with a slash. */
  @Get()
  page(
    @Req() request: PageRequest,
    @Res({ passthrough: true }) response: unknown,
  ): StreamableFile | undefined {
    const path = pathOf(request);
    // on Express this route has both
    if (path.endsWith('/')) return this.send('index.html', request, response);
    this.host.httpAdapter.status(response, 302);
    this.host.httpAdapter.setHeader(response, 'Location', `${path.slice(path.lastIndexOf('/') + 1)}/`);
    return undefined;
  }

  @Get('config.json')
  async configuration(@Req() request: PageRequest): Promise<PageConfiguration> {
    const up = '../'.repeat(this.options.path.split('/').length);
    return {
      api: `${up}${this.apiPath}`,
      login: this.access.usesKeys,
      principal: await this.principalOf(request),
    };
  }

  @Post('login')
  @HttpCode(200)
  logIn(
    @Body() body: unknown,
    @Req() request: PageRequest,
    @Res({ passthrough: true }) response: unknown,
  ): { until: string } {
    const { key } = objectOf(body, 'body', ['key']);
    if (typeof key !== 'string') throw new InvalidOptionError('key', 'a text', 'something else', 'ARG_TYPE');
    const until = Date.now() + this.options.sessionMs;
    const session = this.access.logIn(request, key.trim(), until);
    this.setCookie(request, response, session, Math.floor(this.options.sessionMs / 1000));
    return { until: new Date(until).toISOString() };
  }

  @Post('logout')
  @HttpCode(200)
  logOut(@Req() request: PageRequest, @Res({ passthrough: true }) response: unknown): Record<string, never> {
    this.access.assertOwnSite(request);
    this.setCookie(request, response, '', 0);
    return {};
  }

  /** Names with hashes in them never change their contents. */
  file(@Req() request: PageRequest, @Res({ passthrough: true }) response: unknown): StreamableFile {
    const [folder, name] = splitLast(pathOf(request));
    if (!folder.endsWith(`/${this.options.path}`)) throw this.missing();
    if (name === '') return this.send('index.html', request, response);
    if (name !== 'index.html' && this.files.has(name))
      this.host.httpAdapter.setHeader(response, 'Cache-Control', 'private, max-age=31536000, immutable');
    return this.send(name, request, response);
  }

  private send(name: string, request: PageRequest, response: unknown): StreamableFile {
    const file = this.files.get(name);
    if (!file) throw this.missing();
    return new StreamableFile(this.encoded(file, request, response), { type: file.type });
  }

  private encoded({ plain, gzip }: PageFile, request: PageRequest, response: unknown): Buffer {
    this.host.httpAdapter.setHeader(response, 'Vary', 'Accept-Encoding');
    if (!/\bgzip\b/.test(headerOf(request, 'accept-encoding') ?? '')) return plain;
    this.host.httpAdapter.setHeader(response, 'Content-Encoding', 'gzip');
    return gzip;
  }

  private missing(): NotFoundException {
    const message =
      this.files.size === 0
        ? 'the page of the dashboard was not built: run npm run build'
        : 'the dashboard has no such file';
    return new NotFoundException({ code: 'PAGE_NOT_FOUND', message });
  }

  private async principalOf(request: PageRequest): Promise<Principal | null> {
    try {
      const { role, owner } = await this.access.identify(request);
      return { role, owner };
    } catch (error) {
      if (error instanceof UnauthenticatedError) return null;
      throw error;
    }
  }

  private setCookie(request: PageRequest, response: unknown, value: string, maxAge: number): void {
    const isSecure = this.access.isSecure || request.secure === true || request.protocol === 'https';
    const secure = isSecure ? '; Secure' : '';
    this.host.httpAdapter.setHeader(
      response,
      'Set-Cookie',
      `${SESSION_COOKIE}=${value}; Path=/; Max-Age=${maxAge}; HttpOnly; SameSite=Strict${secure}`,
    );
  }
}

const pathOf = ({ originalUrl, url }: LinkedRequest) => (originalUrl ?? url).split('?')[0]!;

function splitLast(path: string): [folder: string, name: string] {
  const at = path.lastIndexOf('/');
  return [path.slice(0, at), path.slice(at + 1)];
}
