import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export type Answer = (request: IncomingMessage, response: ServerResponse) => void;

export interface WebSite {
  readonly origin: string;
  readonly port: number;
  /** What was asked for, in order. */
  readonly requests: { path: string; userAgent: string; at: number }[];
  close(): Promise<void>;
}

/** A web site on loopback: a text is a page of HTML, a function answers as it likes, anything else is not found. */
export async function startWebSite(pages: Record<string, string | Answer>): Promise<WebSite> {
  const requests: WebSite['requests'] = [];
  const server = createServer((request, response) => {
    const path = request.url ?? '';
    requests.push({ path, userAgent: request.headers['user-agent'] ?? '', at: performance.now() });
    const page = pages[path];
    if (typeof page === 'function') page(request, response);
    else if (page === undefined)
      response.writeHead(404, { 'content-type': 'text/html' }).end('<title>No</title>');
    else response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end(page);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    origin: `http://127.0.0.1:${port}`,
    port,
    requests,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

export const redirectTo =
  (location: string, status = 302): Answer =>
  (_request, response) =>
    response.writeHead(status, { location }).end();

/** Links to each of the paths. */
export const linksTo = (...paths: string[]): string =>
  paths.map((path) => `<a href="${path}">there</a>`).join('\n');
