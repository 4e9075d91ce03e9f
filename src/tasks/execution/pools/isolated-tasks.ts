import { availableParallelism } from 'node:os';
import type { TaskRegistry } from '../../definition/task-registry.js';
import { InvalidOptionError } from '../../errors.js';
import type { WorkerOptions, WorkerSettings } from '../worker.options.js';
import { IsolatedPool } from './isolated-pool.js';

/** Where the isolated tasks of one worker run. */
export class IsolatedTasks {
  private kept: IsolatedPool | undefined;
  private entry: string | undefined;
  private size = availableParallelism();

  constructor(
    private readonly registry: TaskRegistry,
    private readonly settings: WorkerSettings,
  ) {}

  /** @throws InvalidOptionError when there are isolated tasks, and it is not known in which file they can be loaded */
  configure({ entry, isolates }: WorkerOptions): void {
    this.entry = entry ?? this.settings.workerEntry;
    this.size = isolates ?? this.size;
    const task = this.registry.all().find((definition) => definition.isolate !== undefined);
    if (task && this.entry === undefined)
      throw new InvalidOptionError(
        'workerEntry',
        `the file that calls runWorker(): '${task.name}' is isolated, and runs in a ${task.isolate} that loads this file`,
        undefined,
      );
  }

  get pool(): IsolatedPool {
    return (this.kept ??= new IsolatedPool({
      entry: this.entry!,
      size: this.size,
      maxCrashes: this.settings.maxCrashes,
    }));
  }

  close(): void {
    this.kept?.close();
  }
}
