import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { RedisServer, redisMissing } from '../support/redis-server.js';
import { n } from './compare.js';

const COUNT = 2000;
/** Debian's packages belong to Debian's Python. */
const PYTHON = '/usr/bin/python3';
const run = promisify(execFile);

const APPLICATION = `
import sys, time
from celery import Celery, group
app = Celery('bench', broker=sys.argv[-1] if sys.argv[-1].startswith('redis') else None)
app.conf.update(broker_url=open('broker').read(), result_backend='db+sqlite:///results.sqlite', worker_prefetch_multiplier=4)

@app.task
def add(x, y):
    return x + y

if __name__ == '__main__':
    before = time.time()
    results = [add.delay(2, 3) for _ in range(${COUNT})]
    submitted = time.time()
    results[-1].get(timeout=120)
    for result in results:
        result.get(timeout=120)
    print(${COUNT} / (submitted - before), ${COUNT} / (time.time() - before))
`;

/** Celery with Redis as broker and a database as result backend, where Debian's python3-celery is installed: for orientation. */
export async function benchCelery(): Promise<void> {
  const has = await run(PYTHON, ['-c', 'import celery, sqlalchemy, redis']).then(
    () => true,
    () => false,
  );
  if (!has || redisMissing)
    return console.log('left out: python3-celery, python3-sqlalchemy and python3-redis are not installed\n');
  const redis = await RedisServer.create();
  const folder = await mkdtemp(join(tmpdir(), 'celeriac-celery-'));
  await writeFile(join(folder, 'bench.py'), APPLICATION);
  await writeFile(join(folder, 'broker'), redis.url);
  const worker = spawn(PYTHON, ['-m', 'celery', '-A', 'bench', 'worker', '-c', '2', '-l', 'ERROR'], {
    cwd: folder,
    stdio: 'ignore',
    env: { ...process.env, C_FORCE_ROOT: '1' },
  });
  try {
    const { stdout } = await run(PYTHON, ['bench.py'], { cwd: folder, timeout: 240_000 });
    const [submitted = 0, settled = 0] = stdout.trim().split(' ').map(Number);
    console.log(
      `Celery, Redis and a database for results, two processes: submit ${n(submitted)}/s, until the last result ${n(settled)}/s\n`,
    );
  } finally {
    worker.kill('SIGKILL');
    if (worker.exitCode === null && worker.signalCode === null) await once(worker, 'exit');
    await redis.remove();
    await rm(folder, { recursive: true, force: true });
  }
}
