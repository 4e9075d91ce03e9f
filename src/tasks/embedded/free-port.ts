import { createServer } from 'node:net';

const HOST = '127.0.0.1';

/** The preferred port if nobody has it, else any free one. Another program can still be faster: the caller tries again. */
export async function freePort(preferred?: number): Promise<number> {
  return preferred === undefined ? listenOnce(0) : listenOnce(preferred).catch(() => listenOnce(0));
}

async function listenOnce(port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(port, HOST, () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address ? address.port : port));
    });
  });
}
