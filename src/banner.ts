import type { INestApplication } from '@nestjs/common';
import { ApplicationDatabase } from './database.module.js';
import { environment } from './environment.js';
import { masked } from './masked.js';
import { TaskRegistry, Worker } from './tasks/index.js';

/** What a developer wants to know first. Passwords are masked. */
export async function banner(app: INestApplication): Promise<string> {
  const registry = app.get(TaskRegistry, { strict: false });
  const worker = app.get(Worker, { strict: false });
  const database = app.get(ApplicationDatabase, { strict: false });
  const url = (await app.getUrl()).replace('[::1]', 'localhost');
  const rows: [string, string][] = [
    ['database', masked(database.url) + (database.isEmbedded ? ' (embedded)' : '')],
    ['broker', environment.BROKER_URL ? masked(environment.BROKER_URL) : 'the database'],
    [
      'worker',
      worker.isRunning
        ? `in this process, ${environment.CONCURRENCY ?? 10} at once`
        : 'none here: npm run start:worker',
    ],
    ['queues', (worker.isRunning ? worker.listensTo : registry.queues()).join(', ')],
    [
      'tasks',
      registry
        .all()
        .map((task) => task.name)
        .join(', '),
    ],
    ['access', access()],
    ['dashboard', `${url}/dashboard`],
    ['urls', `${url}/tasks  ${url}/batch-process  ${url}/docs  ${url}/health`],
  ];
  const lines = rows.map(([name, value]) => `  ${name.padEnd(11)}${value}`);
  const key = environment.API_KEYS ? ` -H 'authorization: Bearer <key>'` : '';
  const curl = `curl -s -X POST ${url}/tasks/math.add${key} -H 'content-type: application/json' -d '{"args":[2,3]}'`;
  return ['', '  Celeriac is ready.', '', ...lines, '', '  Try it:', `  ${curl}`, ''].join('\n');
}

function access(): string {
  const { API_KEYS, ALLOW_ANONYMOUS } = environment;
  if (API_KEYS) return `${API_KEYS.length} ${API_KEYS.length === 1 ? 'key' : 'keys'}`;
  return ALLOW_ANONYMOUS ? 'anybody' : 'this machine only';
}
