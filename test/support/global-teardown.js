import { rm } from 'node:fs/promises';

export default async function teardown() {
  const { server, directory } = globalThis.testServer;
  await server.stop('fast');
  await rm(directory, { recursive: true, force: true });
}
