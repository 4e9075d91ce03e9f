import { once } from 'node:events';
import { createServer, type AddressInfo, type Server } from 'node:net';

/** Listens on a free port for clients of the server that a URL names. */
export async function listenBefore(
  target: string,
): Promise<{ server: Server; url: string; host: string; port: number }> {
  const { hostname, port } = new URL(target);
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = new URL(target);
  url.hostname = '127.0.0.1';
  url.port = String((server.address() as AddressInfo).port);
  return { server, url: url.toString(), host: hostname, port: Number(port) };
}
