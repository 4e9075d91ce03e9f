import { Worker } from '#dist/tasks/index.js';
import { serveBench } from './child.js';
import { applicationOf } from './harness.js';

const [url = '', broker, concurrency] = process.argv.slice(2);

await serveBench(async () => {
  const app = await applicationOf(url, broker || undefined);
  const worker = app.get(Worker);
  return {
    start: () => worker.start({ concurrency: Number(concurrency) }),
    async stop() {
      await worker.stop(5000);
      await app.close();
    },
  };
});
