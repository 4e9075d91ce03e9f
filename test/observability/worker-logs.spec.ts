import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ConsoleLogger } from '@nestjs/common';
import { planWorker } from '#dist/tasks/execution/worker-plan.js';
import { TaskConsoleLogger } from '#dist/tasks/index.js';
import { createApplication, type TestApplication } from '../support/application.js';
import { createDatabase, type TestDatabase } from '../support/database.js';
import { PoolWorkers, type PoolWorker } from '../support/pool-worker.js';
import { until } from '../support/until.js';

interface Line {
  level: string;
  message: string;
  context?: string;
  task?: { id: string; name: string; attempt: number };
  traceId?: string;
}

const TRACE = '0af7651916cd43dd8448eb211c80319c';

describe("a worker's log in JSON", () => {
  let database: TestDatabase;
  let application: TestApplication;
  let workers: PoolWorkers;
  const linesOf = (worker: PoolWorker) =>
    worker.log
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line) as Line);

  beforeAll(async () => {
    database = await createDatabase();
    application = await createApplication(database.url, {}, { allowUnknownTasks: true });
    workers = await PoolWorkers.create(database.url, database.sql, '../observability/observed.worker.ts');
  });
  afterAll(async () => {
    await workers.remove();
    await application.close();
    await database.drop();
  });

  it('tells of each line which task and attempt ran, and of no arguments or results', async () => {
    const worker = await workers.start(['--log-format', 'json']);
    const headers = { traceparent: `00-${TRACE}-b7ad6b7169203331-01` };
    const noted = await application.tasks.submit('observed.note', ['a-secret'], { headers });
    expect(await noted.get({ timeout: '60s' })).toBe('a-secret');
    const failed = await application.tasks.submit('observed.fail', ['a-secret']);
    await failed.get({ timeout: '60s' }).catch(() => undefined);
    const lines = await until('the failure is told', () => {
      const said = linesOf(worker);
      return said.some(({ level }) => level === 'error') ? said : undefined;
    });
    const task = { id: noted.id, name: 'observed.note', attempt: 1 };
    expect(lines.filter((line) => line.task?.id === noted.id)).toEqual([
      expect.objectContaining({ level: 'log', message: 'noted', context: 'Observed', task, traceId: TRACE }),
      expect.objectContaining({ level: 'warn', context: 'observed.note', task, traceId: TRACE }),
    ]);
    expect(lines.find(({ level }) => level === 'error')).toMatchObject({
      context: 'Tasks',
      task: { id: failed.id, name: 'observed.fail', attempt: 1 },
    });
    // what belongs to no task says so
    expect(lines.find(({ message }) => message.startsWith('worker '))).not.toHaveProperty('task');
    expect(worker.log).not.toContain('a-secret');
    await worker.kill();
  });

  it('is the same from the children of a prefork worker and from its supervisor', async () => {
    const worker = await workers.start(['-P', 'prefork', '-c', '1', '--log-format', 'json']);
    const noted = await application.tasks.submit('observed.note', ['a']);
    await noted.get({ timeout: '60s' });
    await until('it is told', () => linesOf(worker).some((line) => line.task?.id === noted.id));
    expect(linesOf(worker).some(({ message }) => message.includes('child processes'))).toBe(true);
  });
});

describe('the format of a log', () => {
  it('may be chosen beside levels or a TaskConsoleLogger, which keeps its levels', () => {
    const levels = planWorker({ logFormat: 'json', nest: { logger: ['error'] } }).nest.logger;
    const other = planWorker({
      logFormat: 'text',
      nest: { logger: new TaskConsoleLogger({ json: true, logLevels: ['error'] }) },
    }).nest.logger;
    for (const logger of [levels, other]) {
      expect(logger).toBeInstanceOf(TaskConsoleLogger);
      expect((logger as TaskConsoleLogger).isLevelEnabled('warn')).toBe(false);
      expect((logger as TaskConsoleLogger).isLevelEnabled('error')).toBe(true);
    }
    expect(planWorker({ nest: { logger: false }, logFormat: 'json' }).nest.logger).toBe(false);
  });

  it('is refused beside a logger that has its own', () => {
    expect(() => planWorker({ logFormat: 'json', nest: { logger: new ConsoleLogger() } })).toThrow(
      /logFormat: expected a TaskConsoleLogger as nest\.logger/,
    );
    expect(() => planWorker({ logFormat: 'xml' as 'json' })).toThrow(/json or text/);
  });
});
