/** The process that keeps the server: started by whoever needs it first, and independent of it from then on. */
import { keep } from './keep.js';
import type { Place } from './place.js';

const asked = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => asked.abort());

try {
  await keep(JSON.parse(process.argv[2] ?? '') as Place, log, asked.signal);
  process.exit(0);
} catch (error) {
  log(error instanceof Error ? error.message : String(error));
  process.exit(1);
}

function log(line: string): void {
  process.stderr.write(`${new Date().toISOString()} [${process.pid}] keeper: ${line}\n`);
}
