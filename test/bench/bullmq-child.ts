import { Worker } from 'bullmq';
import { serveBench } from './child.js';
import { BARE_QUEUE } from './bare-bullmq.js';

const [url = '', concurrency] = process.argv.slice(2);
const { hostname: host, port } = new URL(url);

await serveBench(async () => {
  let worker: Worker<[number, number]> | undefined;
  return {
    async start() {
      worker = new Worker<[number, number]>(BARE_QUEUE, async ({ data: [x, y] }) => x + y, {
        connection: { host, port: Number(port) },
        concurrency: Number(concurrency),
      });
    },
    stop: async () => worker?.close(),
  };
});
