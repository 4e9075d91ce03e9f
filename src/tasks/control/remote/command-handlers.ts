import { hostname, platform, release } from 'node:os';
import type { RegisteredTask } from '../../definition/registered-tasks.js';
import type { ActiveTask, WorkerControls } from '../../execution/worker-controls.js';
import { VERSION } from '../../version.js';
import type { WorkerCommands, WorkerStats } from './commands.js';

/** What a worker needs to answer. */
export interface Commanded {
  readonly controls: WorkerControls;
  /** What it has the code of. */
  tasks(): readonly RegisteredTask[];
  readonly broker: { readonly kind: string; readonly status: { readonly up: boolean } };
  /** How it was set up, without secrets. */
  conf(): object;
}

type Handlers = {
  [K in keyof WorkerCommands]: (
    worker: Commanded,
    params: WorkerCommands[K]['params'],
  ) => WorkerCommands[K]['answer'] | Promise<WorkerCommands[K]['answer']>;
};

export const HANDLERS: Handlers = {
  ping: () => 'pong',
  stats: (worker) => statsOf(worker),
  active: ({ controls }) => controls.active(),
  reserved: ({ controls }) => controls.reserved(),
  revoked: async ({ controls }) => (await controls.active()).filter((task) => task.ending),
  active_queues: ({ controls }) => controls.report().queues,
  registered: (worker) => worker.tasks(),
  conf: (worker) => ({ ...worker.conf() }),
  report: (worker) => reportOf(worker),
  query_task: async ({ controls }, { ids }) => {
    const wanted = new Set(ids);
    const among = (tasks: readonly ActiveTask[], state: 'active' | 'reserved') =>
      tasks.filter(({ id }) => wanted.has(id)).map((task) => ({ ...task, state }));
    return [...among(await controls.active(), 'active'), ...among(await controls.reserved(), 'reserved')];
  },
  memsample: () => ({ ...process.memoryUsage() }),

  add_consumer: async ({ controls }, { queue }) => {
    await controls.addQueue(queue);
    return controls.report().queues;
  },
  cancel_consumer: async ({ controls }, { queue }) => {
    await controls.cancelQueue(queue);
    return controls.report().queues;
  },
  pool_grow: ({ controls }, { n }) => controls.resize(n),
  pool_shrink: ({ controls }, { n }) => controls.resize(-n),
  pool_restart: async ({ controls }) => done(controls.restartPool()),
  autoscale: async ({ controls }, bounds) => done(controls.autoscale(bounds)),
  pause: ({ controls }) => done(controls.pause()),
  resume: ({ controls }) => done(controls.resume()),
  loglevel: ({ controls }, { level }) => done(controls.logLevel(level)),
  shutdown: ({ controls }) => done(controls.shutdown()),
};

function done(result: void): null;
function done(result: void | Promise<void>): null | Promise<null>;
function done(result: void | Promise<void>): null | Promise<null> {
  return result ? result.then(() => null) : null;
}

function statsOf({ controls, broker }: Commanded): WorkerStats {
  return {
    ...controls.report(),
    host: hostname(),
    pid: process.pid,
    version: process.version,
    celeriac: VERSION,
    uptime: Math.round(process.uptime()),
    broker: broker.kind,
    brokerIsUp: broker.status.up,
  };
}

function reportOf(worker: Commanded): string {
  const { controls } = worker;
  const lines = [
    `worker:   ${controls.name}`,
    `celeriac: ${VERSION}`,
    `node:     ${process.version} on ${platform()} ${release()} (${process.arch})`,
    `broker:   ${worker.broker.kind}`,
    ...Object.entries(worker.conf()).map(([name, value]) => `${name}: ${JSON.stringify(value)}`),
  ];
  return lines.join('\n');
}
