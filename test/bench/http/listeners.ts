import { Agent, get } from 'node:http';
import { median, n, percentile } from '../harness.js';
import { startServer } from './start-server.js';

const STEPS = 5;
const STEP_MS = 100;

/**
 * As many listeners as tasks, each hearing one of them live from its submission to its end, while as many other tasks
 * run beside them. One process serves, another one works.
 */
export async function listeners(databaseUrl: string, count: number): Promise<void> {
  const server = await startServer('express', databaseUrl);
  const worker = await startServer('express', databaseUrl, 'worker');
  const post = async (path: string, body?: object) => {
    const response = await fetch(server.url + path, {
      method: 'POST',
      ...(body && { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
    });
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
    return (await response.json()) as { ids: string[] };
  };
  await post('/tasks/bulk', { tasks: [{ name: 'math.add', args: [1, 2] }] });
  await post('/tasks/queues/default/pause');
  const watched = Array.from({ length: count }, () => ({ name: 'demo.progress', args: [STEPS, STEP_MS] }));
  const { ids } = await post('/tasks/bulk', { tasks: watched });
  await post('/tasks/bulk', { tasks: watched.map((_, i) => ({ name: 'math.add', args: [i, i] })) });
  const before = await server.memory();

  const agent = new Agent({ maxSockets: Infinity });
  const heard = await Promise.all(ids.map((id) => listen(`${server.url}/tasks/${id}/events`, agent)));
  const during = await server.memory();
  const since = performance.now();
  await post('/tasks/queues/default/resume');
  const streams = await Promise.all(heard.map((stream) => stream.ended));
  const ms = performance.now() - since;
  const late = streams.map(({ finishedAt, arrivedAt }) => arrivedAt - finishedAt);
  const events = streams.reduce((sum, stream) => sum + stream.events, 0);
  console.log(
    `${n(count)} listeners, ${n(count)} tasks of ${STEPS} steps and ${n(count)} others: all ended after ${n(ms)} ms, ${n(events)} events\n` +
      `  the end of a task reached its listener after p50 ${n(median(late))} ms, p99 ${n(percentile(late, 99))} ms\n` +
      `  memory of the serving process: ${n(before)} MiB, with all listeners ${n(during)}, at the end ${n(await server.memory())}\n`,
  );
  agent.destroy();
  await worker.stop();
  await server.stop();
}

interface Heard {
  events: number;
  finishedAt: number;
  arrivedAt: number;
}

/** Resolves with the first event, the record as it is; `ended` with what was heard until the end. */
function listen(url: string, agent: Agent): Promise<{ ended: Promise<Heard> }> {
  return new Promise((resolve, reject) => {
    get(url, { agent }, (response) => {
      let text = '';
      const ended = new Promise<Heard>((resolveEnd, rejectEnd) => {
        let arrivedAt = 0;
        response.setEncoding('utf8').on('data', (part: string) => {
          text += part;
          arrivedAt = Date.now();
          if (text.includes('\ndata: ')) resolve({ ended });
        });
        response.on('end', () => {
          const events = [...text.matchAll(/^data: (.*)$/gm)].map(
            (match) => JSON.parse(match[1]!) as { state: string; finishedAt: string },
          );
          const last = events.at(-1);
          if (last?.state !== 'SUCCESS') rejectEnd(new Error(`${url} ended with ${last?.state}`));
          else resolveEnd({ events: events.length, finishedAt: Date.parse(last.finishedAt), arrivedAt });
        });
      });
    }).on('error', reject);
  });
}
