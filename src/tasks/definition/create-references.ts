import { MetadataScanner, Reflector } from '@nestjs/core';
import type { SubmitOptions } from '../submission/submit-options.js';
import type { TaskHandle } from '../submission/task-handle.js';
import { TaskDefinitionError, didYouMean } from '../errors.js';
import { describeTask } from './describe-task.js';
import { TaskDefaults } from './task-defaults.js';
import type { TaskDescription } from './task-definition.js';
import type { TaskClass, TaskRef } from './task-references.js';
import { Task, type TaskOptions } from './task.decorator.js';
import { chunksOf, mapSignature } from '../workflow/map-signature.js';
import { taskSignature, type Launcher } from '../workflow/signature.js';

type Submit = (
  task: TaskDescription,
  args: readonly unknown[],
  options: SubmitOptions,
) => Promise<TaskHandle<never>>;

const scanner = new MetadataScanner();
const reflector = new Reflector();

/**
 * References for every decorated method of a class, read from its decorators alone.
 * @throws TaskDefinitionError when the class has none, or later when a method that is no task is used
 */
export function createReferences<T>(
  taskClass: TaskClass<T>,
  submit: Submit,
  defaults = new TaskDefaults(),
  launcher?: Launcher,
  onTask: (task: TaskDescription) => void = () => undefined,
): object {
  const prototype = taskClass.prototype as Record<string, () => unknown>;
  const references: Record<string, TaskRef<unknown[], never>> = {};
  for (const method of scanner.getAllMethodNames(prototype)) {
    const options = reflector.get(Task, prototype[method]!) as TaskOptions | undefined;
    if (!options) continue;
    const description = describeTask(prototype, taskClass.name, method, options, defaults);
    onTask(description);
    references[method] = {
      name: description.name,
      delay: (...args) => submit(description, args, {}),
      applyAsync: (args, callOptions = {}) => submit(description, args, callOptions),
      s: (...args: readonly unknown[]) => taskSignature(description, args, false, launcher),
      si: (...args) => taskSignature(description, args, true, launcher),
      map: (items) =>
        mapSignature(
          description,
          items.map((item) => [item]),
          launcher,
        ),
      starmap: (items) => mapSignature(description, items, launcher),
      chunks: (items, size) => chunksOf(description, items, size, launcher),
    };
  }
  if (Object.keys(references).length === 0)
    throw new TaskDefinitionError(`of(${taskClass.name}): none of its methods is decorated with @Task()`);
  return new Proxy(references, {
    get: (target, method) => target[method as string] ?? missing(taskClass.name, method, references),
  });
}

function missing(className: string, method: string | symbol, known: object): undefined {
  // promises and inspectors probe objects for `then` and symbols
  if (typeof method === 'symbol' || method === 'then' || method === 'toJSON') return undefined;
  throw new TaskDefinitionError(
    `of(${className}).${method}: this method is not decorated with @Task()${didYouMean(method, Object.keys(known))}`,
  );
}
