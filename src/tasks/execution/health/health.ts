import { writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Logger } from '@nestjs/common';
import { InvalidOptionError } from '../../errors.js';
import type { ExportedMetrics } from '../../observability/metrics/metric-sources.js';
import type { HealthOptions } from '../run-worker.options.js';
import type { WorkerReport } from '../worker-controls.js';

const FILE_MS = 5000;

/** What a worker says of its health; reasons are for people. */
export interface HealthChecks {
  /** Why it should be started anew, or undefined. */
  live(): string | undefined;
  /** Why it takes no tasks now, or undefined. */
  ready(): string | undefined;
  report(): WorkerReport | undefined;
  /** undefined when the application exports none. */
  metrics(): ExportedMetrics | undefined;
}

type HealthRoute = (response: ServerResponse) => void | Promise<void>;

/**
 * Shows over HTTP or by a file that a worker is alive, for Kubernetes and the like. It lives on the event loop of the
 * worker, which is what it tells of: an async worker that is blocked does not answer; a prefork worker always does.
 */
export class Health {
  private readonly logger = new Logger('Tasks');
  private readonly routes: ReadonlyMap<string, HealthRoute>;
  private server: Server | undefined;
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly options: HealthOptions,
    private readonly checks: HealthChecks,
  ) {
    this.routes = new Map<string, HealthRoute>([
      ['/live', (response) => answer(response, checks.live())],
      ['/ready', (response) => answer(response, checks.live() ?? checks.ready())],
      ['/status', (response) => json(response, 200, checks.report() ?? {})],
      ['/metrics', (response) => scrape(response, checks.metrics())],
    ]);
  }

  /** The port that it listens on, if it does. */
  get port(): number | undefined {
    return (this.server?.address() as AddressInfo | null | undefined)?.port;
  }

  /** @throws InvalidOptionError when it cannot listen, or not write the file */
  async start(): Promise<void> {
    const { port, host = '0.0.0.0', file } = this.options;
    if (port !== undefined) await this.listen(port, host);
    if (file === undefined) return;
    await this.touch(file).catch((error: Error) => {
      throw new InvalidOptionError('health.file', `a file that can be written (${error.message})`, file);
    });
    this.timer = setInterval(() => {
      if (this.checks.live() === undefined)
        void this.touch(file).catch((error: Error) => this.logger.warn(`health file: ${error.message}`));
    }, FILE_MS).unref();
  }

  async stop(): Promise<void> {
    clearInterval(this.timer);
    const { server } = this;
    if (!server) return;
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }

  private async listen(port: number, host: string): Promise<void> {
    const server = createServer((request, response) => void this.serve(request, response));
    server.unref();
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, host, resolve);
    }).catch((error: Error) => {
      throw new InvalidOptionError('health.port', `a port that is free on ${host} (${error.message})`, port);
    });
    this.server = server;
    this.logger.log(`health on http://${host}:${this.port}${[...this.routes.keys()].join(', ')}`);
  }

  private async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = (request.url ?? '/').split('?', 1)[0]!;
    const route = this.routes.get(path);
    if (request.method !== 'GET' && request.method !== 'HEAD')
      return json(response, 405, { status: 'GET only' });
    if (!route) return json(response, 404, { status: 'unknown', paths: [...this.routes.keys()] });
    try {
      await route(response);
    } catch (error) {
      this.logger.error(`${path}: ${(error as Error).message}`);
      if (!response.headersSent) json(response, 500, { status: 'failed' });
      else response.destroy();
    }
  }

  private async touch(file: string): Promise<void> {
    await writeFile(file, `${new Date().toISOString()}\n`);
  }
}

function answer(response: ServerResponse, problem: string | undefined): void {
  if (problem === undefined) json(response, 200, { status: 'ok' });
  else json(response, 503, { status: 'failing', reason: problem });
}

async function scrape(response: ServerResponse, metrics: ExportedMetrics | undefined): Promise<void> {
  if (!metrics)
    return json(response, 404, { status: 'no metrics: import TasksMetricsModule of celeriac/metrics' });
  const text = await metrics.text();
  response.writeHead(200, { 'content-type': metrics.contentType, 'cache-control': 'no-store' });
  response.end(text);
}

function json(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' });
  response.end(`${JSON.stringify(body)}\n`);
}
