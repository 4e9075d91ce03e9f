import { toMilliseconds } from '../duration.js';
import { InvalidOptionError, TaskDefinitionError, didYouMean } from '../errors.js';
import { resolveRetry } from './retry-policy.js';
import { TaskContext } from './task-context.js';
import type { TaskDescription } from './task-definition.js';
import { assertTaskName, defaultTaskName } from './task-name.js';
import { markedContextIndex, type TaskOptions } from './task.decorator.js';

export const DEFAULT_QUEUE = 'default';
const QUEUE_NAME = /^[A-Za-z0-9][\w.:-]{0,99}$/;
const OPTIONS = ['name', 'aliases', 'queue', 'priority', 'retry', 'softTimeLimit', 'expires', 'http', 'args'];

/** What the decorator and the method's signature say of a task, checked and with defaults. */
export function describeTask(
  prototype: object,
  className: string,
  method: string,
  options: TaskOptions,
): TaskDescription {
  const where = `@Task() on ${className}.${method}`;
  for (const option of Object.keys(options))
    if (!OPTIONS.includes(option))
      throw new TaskDefinitionError(`${where}: unknown option '${option}'${didYouMean(option, OPTIONS)}`);
  const name = options.name ?? defaultTaskName(className, method);
  assertTaskName(name, where);
  for (const alias of options.aliases ?? []) assertTaskName(alias, `${where}, aliases`);
  try {
    return {
      name,
      aliases: options.aliases ?? [],
      queue: assertQueueName(options.queue ?? DEFAULT_QUEUE),
      priority: assertPriority(options.priority ?? 0),
      retry: resolveRetry(options.retry, undefined),
      softTimeLimitMs:
        options.softTimeLimit === undefined
          ? undefined
          : toMilliseconds(options.softTimeLimit, 'softTimeLimit'),
      expiresMs: options.expires === undefined ? undefined : toMilliseconds(options.expires, 'expires'),
      http: options.http ?? false,
      schemas: assertSchemas(options.args),
      ...signatureOf(prototype, method, where),
    };
  } catch (error) {
    if (error instanceof InvalidOptionError)
      throw new TaskDefinitionError(`${where}: ${error.message}`, { cause: error });
    throw error;
  }
}

/** @throws InvalidOptionError */
export function assertQueueName(queue: unknown, option = 'queue'): string {
  if (typeof queue === 'string' && QUEUE_NAME.test(queue)) return queue;
  throw new InvalidOptionError(
    option,
    'a queue name of letters, digits, _ . : -, at most 100 characters',
    queue,
    'INVALID_QUEUE',
  );
}

/** @throws InvalidOptionError */
export function assertPriority(priority: unknown): number {
  if (Number.isInteger(priority) && (priority as number) >= 0 && (priority as number) <= 9)
    return priority as number;
  throw new InvalidOptionError(
    'priority',
    'a whole number from 0 to 9 (9 first)',
    priority,
    'INVALID_PRIORITY',
  );
}

function signatureOf(
  prototype: object,
  method: string,
  where: string,
): Pick<TaskDescription, 'contextIndex' | 'maxArguments' | 'requiredArguments' | 'parameterTypes'> {
  const handler = (prototype as Record<string, unknown>)[method] as (...args: unknown[]) => unknown;
  const types = Reflect.getMetadata('design:paramtypes', prototype, method) as unknown[] | undefined;
  const last = lastParameter(handler);
  const typed = types?.findIndex((type) => type === TaskContext) ?? -1;
  const contextIndex = markedContextIndex(prototype, method) ?? (typed >= 0 ? typed : undefined);

  if (
    contextIndex === undefined &&
    /^_?(ctx|context|taskContext)$/i.test(last.name) &&
    isUntyped(types?.at(-1))
  )
    throw new TaskDefinitionError(
      `${where}: the type of its last parameter '${last.name}' is not known at run time, so it would never get its TaskContext. ` +
        `Write "import { TaskContext } from 'celeriac'" instead of "import type", compile with emitDecoratorMetadata, or mark it with @Ctx().`,
    );
  if (contextIndex !== undefined && contextIndex !== (types?.length ?? contextIndex + 1) - 1)
    throw new TaskDefinitionError(`${where}: the TaskContext must be the last parameter.`);
  return {
    contextIndex,
    maxArguments: contextIndex ?? (last.rest ? undefined : types?.length),
    requiredArguments: Math.min(handler.length, contextIndex ?? handler.length),
    // a rest parameter's type is that of its elements, which is not emitted
    parameterTypes: (types ?? []).slice(0, contextIndex ?? (last.rest ? -1 : undefined)),
  };
}

function assertSchemas(schemas: TaskOptions['args']): TaskDescription['schemas'] {
  for (const schema of schemas ?? [])
    if (schema !== undefined && typeof schema['~standard']?.validate !== 'function')
      throw new InvalidOptionError(
        'args',
        'an array of Standard Schemas (zod 4, valibot …), one for each argument',
        schema,
      );
  return schemas ?? [];
}

const isUntyped = (type: unknown) => type === undefined || type === Object;

/** Read from the source: the only place where a parameter's name and a rest parameter show. */
function lastParameter(handler: (...args: unknown[]) => unknown): { name: string; rest: boolean } {
  const source = handler.toString().replace(/\/\*[^]*?\*\/|\/\/[^\n]*/g, '');
  const list = source.slice(source.indexOf('(') + 1, source.search(/\)\s*\{|\)\s*=>/));
  const match = /(\.\.\.)?\s*([\w$]+)\s*(?:=[^,]*)?,?\s*$/.exec(list);
  return { name: match?.[2] ?? '', rest: match?.[1] !== undefined };
}
