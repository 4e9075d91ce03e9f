import { InvalidOptionError, didYouMean } from '../errors.js';
import { assertQueueName } from './option-checks.js';
import { readLimits, type Limit, type LimitOptions } from './limits.js';
import { readRoutes, type Router, type TaskRoutes } from './routes.js';
import { TaskOverrides } from './task-overrides.js';
import {
  SETTING_NAMES,
  mergeSettings,
  readSettings,
  type GivenSettings,
  type TaskSettingOptions,
  type TaskSettings,
} from './task-settings.js';

export const DEFAULT_QUEUE = 'default';

/** `forRoot({ defaults })`: for every task that does not say otherwise. */
export interface TaskDefaultOptions extends TaskSettingOptions {
  /** The queue of tasks that name none and have no route. Default 'default'. */
  queue?: string | undefined;
}

/** `forRoot({ queues: { name: … } })`. */
export interface QueueOptions {
  /** For every task in this queue that does not say otherwise. */
  defaults?: TaskSettingOptions | undefined;
  /** Limits across all workers, for all tasks in this queue together. Default: none. */
  limit?: LimitOptions | readonly LimitOptions[] | undefined;
}

/** What the module and its queues say of tasks, and which queue a task goes to. */
export class TaskDefaults {
  /** Over all that the code says. */
  readonly overrides = new TaskOverrides();
  private readonly module: GivenSettings;
  private readonly queues: ReadonlyMap<string, GivenSettings>;
  private readonly limits: ReadonlyMap<string, readonly Limit[]>;
  private readonly router: Router;
  private readonly queue: string;

  /** @throws InvalidOptionError */
  constructor(
    { queue, ...defaults }: TaskDefaultOptions = {},
    queues: Readonly<Record<string, QueueOptions>> = {},
    routes: TaskRoutes = {},
  ) {
    this.queue = queue === undefined ? DEFAULT_QUEUE : assertQueueName(queue, 'defaults.queue');
    this.module = readLevel(defaults, 'defaults.');
    this.queues = new Map(
      Object.entries(queues).map(([name, options]) => [
        assertQueueName(name, 'queues'),
        readQueue(name, options),
      ]),
    );
    this.limits = new Map(
      Object.entries(queues).map(([name, { limit }]) => [name, readLimits(limit, `queues.${name}.limit`)]),
    );
    this.router = readRoutes(routes);
  }

  /** @param own the queue that `@Task()` names */
  queueOf(name: string, own: string | undefined, args: readonly unknown[] = []): string {
    return own ?? this.router(name, args) ?? this.queue;
  }

  limitsOf(queue: string): readonly Limit[] {
    return this.limits.get(queue) ?? [];
  }

  settingsOf(own: GivenSettings, queue: string): TaskSettings {
    return mergeSettings([this.module, this.queues.get(queue) ?? {}, own]);
  }
}

function readQueue(name: string, options: QueueOptions): GivenSettings {
  for (const field of Object.keys(options))
    if (field !== 'defaults' && field !== 'limit')
      throw new InvalidOptionError(`queues.${name}.${field}`, 'defaults or limit', field);
  return readLevel(options.defaults ?? {}, `queues.${name}.defaults.`);
}

function readLevel(options: TaskSettingOptions, path: string): GivenSettings {
  for (const name of Object.keys(options))
    if (!(SETTING_NAMES as readonly string[]).includes(name))
      throw new InvalidOptionError(
        `${path}${name}`,
        `one of ${SETTING_NAMES.join(', ')}${didYouMean(name, SETTING_NAMES)}`,
        name,
      );
  return readSettings(options, path);
}
