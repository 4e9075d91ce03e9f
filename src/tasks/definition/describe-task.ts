import type { StandardSchemaV1 } from '@standard-schema/spec';
import { InvalidOptionError, TaskDefinitionError, didYouMean } from '../errors.js';
import { assertQueueName } from './option-checks.js';
import { NO_GATES, gatesOf, readLimits, type Gate, type Limit } from './limits.js';
import { parametersOf } from './parameters.js';
import { matchers } from './retry-policy.js';
import { TaskContext } from './task-context.js';
import { readUnique } from './unique.js';
import { isChecked } from './validation/check-arguments.js';
import { TaskDefaults } from './task-defaults.js';
import type { TaskDescription } from './task-definition.js';
import { assertTaskName, defaultTaskName } from './task-name.js';
import { SETTING_NAMES, readSettings, type TaskSettings } from './task-settings.js';
import { markedContextIndex, type TaskOptions } from './task.decorator.js';

const OPTIONS: readonly string[] = [
  'name',
  'aliases',
  'queue',
  'throws',
  'http',
  'args',
  'returns',
  'limit',
  'unique',
  'isolate',
  ...SETTING_NAMES,
];

/** What the decorator and the method's signature say of a task, checked and with defaults. */
export function describeTask(
  prototype: object,
  className: string,
  method: string,
  options: TaskOptions,
  defaults = new TaskDefaults(),
): TaskDescription {
  const where = `@Task() on ${className}.${method}`;
  for (const option of Object.keys(options))
    if (!OPTIONS.includes(option))
      throw new TaskDefinitionError(`${where}: unknown option '${option}'${didYouMean(option, OPTIONS)}`);
  const name = options.name ?? defaultTaskName(className, method);
  assertTaskName(name, where);
  const signature = signatureOf(prototype, method, where);
  for (const alias of options.aliases ?? []) assertTaskName(alias, `${where}, aliases`);
  try {
    return {
      name,
      aliases: options.aliases ?? [],
      ...placeOf(name, options, defaults),
      throws: matchers(options.throws, 'throws') ?? [],
      unique: readUnique(options.unique ?? false),
      isolate: readIsolate(options.isolate),
      http: options.http ?? false,
      schemas: assertSchemas(options.args, signature.maxArguments),
      checked: isChecked({ schemas: options.args ?? [], parameterTypes: signature.parameterTypes }),
      resultSchema: options.returns === undefined ? undefined : assertSchema(options.returns, 'returns'),
      ...signature,
    };
  } catch (error) {
    if (error instanceof InvalidOptionError)
      throw new TaskDefinitionError(`${where}: ${error.message}`, { cause: error });
    throw error;
  }
}

/** Its queue, and how it runs there and elsewhere. */
function placeOf(name: string, options: TaskOptions, defaults: TaskDefaults) {
  const own = options.queue === undefined ? undefined : assertQueueName(options.queue);
  const given = readSettings(options);
  const queue = defaults.queueOf(name, own);
  const byQueue = new Map<string, TaskSettings>();
  const settingsIn = (where: string): TaskSettings => {
    let settings = byQueue.get(where);
    if (!settings) byQueue.set(where, (settings = defaults.settingsOf(given, where)));
    return settings;
  };
  const limits = readLimits(options.limit);
  return {
    queue,
    settings: settingsIn(queue),
    settingsIn,
    limited: limits.length > 0 || defaults.limitsOf(queue).length > 0,
    gatesFor: gatesFor(name, limits, defaults),
    queueFor: (args: readonly unknown[]) => own ?? defaults.queueOf(name, own, args),
  };
}

/** Limits with a key come first, whether the task's or the queue's: there the keys wait apart, and take turns at the others. */
function gatesFor(name: string, limits: readonly Limit[], defaults: TaskDefaults) {
  const own = keyedFirst(limits, (limit) => limit.key !== undefined);
  return (queue: string, args: readonly unknown[]): readonly Gate[] => {
    const ofQueue = defaults.limitsOf(queue);
    const added = defaults.overrides.gatesOf(name, own);
    if (own.length + ofQueue.length + added.length === 0) return NO_GATES;
    return keyedFirst(
      [...gatesOf(`task ${name}`, own, args), ...added, ...gatesOf(`queue ${queue}`, ofQueue, args)],
      (gate) => gate.keyed,
    );
  };
}

const keyedFirst = <T>(all: readonly T[], isKeyed: (each: T) => boolean): readonly T[] =>
  [...all].sort((a, b) => Number(isKeyed(b)) - Number(isKeyed(a)));

function signatureOf(
  prototype: object,
  method: string,
  where: string,
): Pick<
  TaskDescription,
  'contextIndex' | 'maxArguments' | 'requiredArguments' | 'parameterTypes' | 'parameterNames'
> {
  const handler = (prototype as Record<string, unknown>)[method] as (...args: unknown[]) => unknown;
  const types = Reflect.getMetadata('design:paramtypes', prototype, method) as unknown[] | undefined;
  const parameters = parametersOf(handler);
  const last = parameters.at(-1) ?? { name: undefined, rest: false };
  const typed = types?.findIndex((type) => type === TaskContext) ?? -1;
  const contextIndex = markedContextIndex(prototype, method) ?? (typed >= 0 ? typed : undefined);

  if (
    contextIndex === undefined &&
    /^_?(ctx|context|taskContext)$/i.test(last.name ?? '') &&
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
    parameterNames: parameters
      .slice(0, contextIndex ?? (last.rest ? -1 : undefined))
      .map((parameter) => parameter.name),
  };
}

function assertSchemas(
  schemas: TaskOptions['args'],
  maxArguments: number | undefined,
): TaskDescription['schemas'] {
  if (schemas !== undefined && !Array.isArray(schemas))
    throw new InvalidOptionError('args', 'an array of Standard Schemas, one for each argument', schemas);
  for (const [i, schema] of (schemas ?? []).entries())
    if (schema !== undefined) assertSchema(schema, `args[${i}]`);
  if (maxArguments !== undefined && (schemas?.length ?? 0) > maxArguments)
    throw new InvalidOptionError('args', `at most ${maxArguments} schemas`, schemas!.length);
  return schemas ?? [];
}

function readIsolate(isolate: TaskOptions['isolate']): TaskDescription['isolate'] {
  if (isolate === undefined || isolate === 'process' || isolate === 'thread') return isolate;
  throw new InvalidOptionError('isolate', "'process' or 'thread'", isolate);
}

function assertSchema(schema: StandardSchemaV1, option: string): StandardSchemaV1 {
  if (typeof schema?.['~standard']?.validate === 'function') return schema;
  throw new InvalidOptionError(option, 'a Standard Schema (zod 4, valibot …)', schema);
}

/** What compilers write for what is gone at run time; tsc has Function for a class that was imported by `import type`. */
const isUntyped = (type: unknown) => type === undefined || type === Object || type === Function;
