import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Injectable } from '@nestjs/common';
import { Task, type BrokerOptions } from '#dist/tasks/index.js';
import { createApplication } from '../support/application.js';
import { createDatabase, type TestDatabase } from '../support/database.js';
import { freePort } from '../support/free-port.js';
import { describeUnless } from '../support/prerequisite.js';
import { RedisServer, redisMissing } from '../support/redis-server.js';
import { createScratchFolder } from '../support/scratch-folder.js';
import { createSelfSigned } from '../support/self-signed.js';
import { until } from '../support/until.js';

@Injectable()
class TopologyTasks {
  @Task()
  double(x: number): number {
    return x * 2;
  }

  @Task({ queue: 'other', retry: { max: 1, delay: 0 } })
  elsewhere(x: number): number {
    return x + 1;
  }
}

describeUnless(redisMissing)('Redis beyond one plain server', () => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await createDatabase();
  });
  afterAll(() => database.drop());

  /** Tasks in two queues run, and nothing stays in the broker. */
  async function runTasks(broker: BrokerOptions, schema: string): Promise<void> {
    const application = await createApplication(
      database.url,
      { providers: [TopologyTasks] },
      { broker, schema },
    );
    const { double, elsewhere } = application.tasks.of(TopologyTasks);
    await application.startWorker({ concurrency: 20 });
    const handles = Array.from({ length: 150 }, (_, i) => (i % 3 === 0 ? elsewhere : double).delay(i));
    const results = await Promise.all(
      (await Promise.all(handles)).map((handle) => handle.get({ timeout: '15s' })),
    );
    expect(results).toEqual(Array.from({ length: 150 }, (_, i) => (i % 3 === 0 ? i + 1 : i * 2)));
    expect((await application.tasks.health()).broker.up).toBe(true);
    await application.close();
  }

  it('runs tasks on a Cluster', async () => {
    const node = await RedisServer.create({
      'cluster-enabled': 'yes',
      'cluster-announce-ip': '127.0.0.1',
    });
    await node.ask('CLUSTER', 'ADDSLOTSRANGE', 0, 16_383);
    await until('the cluster is whole', async () =>
      (await node.ask<string>('CLUSTER', 'INFO')).includes('cluster_state:ok'),
    );
    await runTasks({ redis: {}, nodes: [{ host: '127.0.0.1', port: node.port }] }, 'cluster');
    const keys = await node.ask<string[]>('KEYS', '*');
    expect(keys.every((key) => key.startsWith('{celeriac:cluster}:'))).toBe(true);
    await node.remove();
  });

  it('runs tasks on the master that sentinels name', async () => {
    const master = await RedisServer.create();
    const folder = await createScratchFolder('sentinel');
    const configuration = join(folder.path, 'sentinel.conf');
    await writeFile(configuration, `sentinel monitor main 127.0.0.1 ${master.port} 1\n`);
    const sentinel = await RedisServer.sentinel(configuration, await freePort());
    await runTasks(
      { redis: { sentinels: [{ host: '127.0.0.1', port: sentinel.port }], name: 'main' } },
      'sentinel',
    );
    await sentinel.remove();
    await master.remove();
    await folder.remove();
  });

  it('runs tasks over TLS, and refuses a certificate that nobody vouches for', async () => {
    const { key, cert } = await createSelfSigned();
    const folder = await createScratchFolder('tls');
    const [keyFile, certFile] = [join(folder.path, 'key.pem'), join(folder.path, 'cert.pem')];
    await writeFile(keyFile, key);
    await writeFile(certFile, cert);
    const port = await freePort();
    const server = await RedisServer.create({
      'tls-port': String(port),
      'tls-cert-file': certFile,
      'tls-key-file': keyFile,
      'tls-auth-clients': 'no',
    });
    await runTasks({ redis: { host: 'localhost', port, tls: { ca: cert } } }, 'tls');
    const another = await createDatabase();
    const unknown = createApplication(
      another.url,
      {},
      { broker: `rediss://localhost:${port}`, brokerTimeout: 0 },
    );
    await expect(unknown).rejects.toThrow(/cannot be reached: self.signed certificate/);
    await another.discard();
    await server.remove();
    await folder.remove();
  });
});
