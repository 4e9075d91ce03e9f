import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { parse } from 'yaml';
import { Command } from 'commander';
import { Health } from '#dist/tasks/execution/health/health.js';
import { addWorkerFlags } from '#dist/tasks/execution/worker-flags.js';
import { Task } from '#dist/tasks/index.js';
import { createApplication, type TestApplication } from '../support/application.js';
import { createDatabase, type TestDatabase } from '../support/database.js';
import { codeBlocks } from '../support/doc-code.js';
import { until } from '../support/until.js';

class ImageTasks {
  @Task({ queue: 'images' })
  resize(width: number): number {
    return width;
  }
}

interface Deployment {
  spec: {
    template: {
      spec: { terminationGracePeriodSeconds: number; containers: Container[] };
    };
  };
}

interface Container extends Record<'startupProbe' | 'readinessProbe' | 'livenessProbe', Probe> {
  command: string[];
  ports: { name: string; containerPort: number }[];
}

interface Probe {
  httpGet: { path: string; port: string };
}

describe('docs/deployment.md and docs/security.md', () => {
  let database: TestDatabase;
  let application: TestApplication;
  const undo: (() => Promise<void>)[] = [];
  beforeAll(async () => {
    database = await createDatabase();
    application = await createApplication(database.url, { providers: [ImageTasks] });
  });
  afterAll(async () => {
    await application.close();
    for (const step of undo) await step();
    await database.drop();
  });

  it('have a query for scalers that tells how long the oldest task has been waiting', async () => {
    const [block] = await codeBlocks('deployment.md', 'keda');
    const scaler = parse(block!) as { spec: { triggers: { metadata: { query: string } }[] } };
    const { query } = scaler.spec.triggers[0]!.metadata;
    const age = async () => Number(Object.values((await database.sql.query<object>(query)).rows[0]!)[0]);
    expect(await age()).toBe(0);
    const { resize } = application.tasks.of(ImageTasks);
    const waiting = await resize.delay(1);
    await resize.applyAsync([2], { countdown: '1h' });
    await database.sql.query(
      `UPDATE celeriac.task SET ready_at = now() - interval '90 s' WHERE ready_at IS NOT NULL`,
    );
    expect(await age()).toBe(90);
    await waiting.revoke();
    expect(await age()).toBe(0);
  });

  it('start workers with options that exist, and give them longer than their grace', async () => {
    const flags = addWorkerFlags(new Command().exitOverride());
    const [compose, kubernetes] = await Promise.all(
      ['compose', 'worker'].map(async (mark) => (await codeBlocks('deployment.md', mark))[0]!),
    );
    const { services } = parse(compose!, { merge: true }) as {
      services: Record<string, { command: string[] }>;
    };
    const { spec } = (parse(kubernetes!) as Deployment).spec.template;
    for (const [node, file, ...rest] of [services.worker!.command, spec.containers[0]!.command]) {
      expect([node, file]).toEqual(['node', 'dist/worker.js']);
      flags.parse(rest, { from: 'user' });
    }
    expect(spec.terminationGracePeriodSeconds).toBeGreaterThan(30);
  });

  it('have probes for Kubernetes that a worker answers, on the port that it is told', async () => {
    const [kubernetes] = await codeBlocks('deployment.md', 'worker');
    const [container] = (parse(kubernetes!) as Deployment).spec.template.spec.containers;
    const { command, ports, startupProbe, readinessProbe, livenessProbe } = container!;
    const healthy = { live: () => undefined, ready: () => undefined };
    const health = new Health(
      { port: 0, host: '127.0.0.1' },
      { ...healthy, report: () => undefined, metrics: () => undefined },
    );
    await health.start();
    try {
      for (const { httpGet } of [startupProbe, readinessProbe, livenessProbe]) {
        const { containerPort } = ports.find(({ name }) => name === httpGet.port)!;
        expect(command.join(' ')).toContain(`--health-port ${containerPort}`);
        const { status } = await fetch(`http://127.0.0.1:${health.port}${httpGet.path}`);
        expect([httpGet.path, status]).toEqual([httpGet.path, 200]);
      }
    } finally {
      await health.stop();
    }
  });

  it('have a role of the database that can submit, ask and steer, and change no table', async () => {
    const [sql] = await codeBlocks('security.md', 'role');
    // roles are the whole server's
    const role = `shop_web_${process.pid}`;
    await database.sql.query(sql!.replaceAll('shop_web', role));
    undo.push(async () => {
      await database.sql.query(`DROP OWNED BY ${role}`);
      await database.sql.query(`DROP ROLE ${role}`);
    });
    const url = new URL(database.url);
    url.username = role;
    url.password = 'change me';
    const web = await createApplication(url.href, { providers: [ImageTasks] }, { migrations: 'check' });
    try {
      const handle = await web.tasks.of(ImageTasks).resize.applyAsync([3], { tags: { from: 'web' } });
      expect((await web.tasks.list({ tags: { from: 'web' } })).items).toHaveLength(1);
      await application.startWorker();
      expect(await handle.get({ timeout: '60s' })).toBe(3);
      await application.worker.stop(1000);
      const other = await web.tasks.of(ImageTasks).resize.delay(4);
      await web.tasks.revoke(other.id, { by: 'ann' });
      await until('it is told of', async () =>
        (await web.tasks.history(other.id)).some(({ by }) => by === 'ann'),
      );
    } finally {
      await web.close();
    }
    await expect(
      database.sql.query(`SET ROLE ${role}; ALTER TABLE celeriac.task ADD COLUMN x int`),
    ).rejects.toThrow('must be owner');
  });
});
