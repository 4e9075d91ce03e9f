import { Injectable, type PipeTransform } from '@nestjs/common';
import { ContextIdFactory, ExternalContextCreator, ModuleRef, ModulesContainer } from '@nestjs/core';
import type { NestContainer } from '@nestjs/core';
import {
  GuardsConsumer,
  GuardsContextCreator,
  InterceptorsConsumer,
  InterceptorsContextCreator,
  PipesConsumer,
  PipesContextCreator,
} from '@nestjs/core/internal';
import { ExternalExceptionFilterContext } from '@nestjs/core/exceptions/external-exception-filter-context.js';
import type { StandardSchemaV1 } from '@standard-schema/spec';
import type { TaskContext } from '../definition/task-context.js';
import type { TaskDefinition } from '../definition/task-definition.js';
import { checkSchema } from '../definition/validation/check-schema.js';

/** `ExecutionContext.getType()` inside a task's guards, interceptors, pipes and filters. */
export const TASK_CONTEXT_TYPE = 'task';

type Invoke = (...args: unknown[]) => Promise<unknown>;
/** Nest's code for "the body of the request": pipes such as ValidationPipe act on it. */
const BODY = 3;
/** Calls with more arguments, of rest parameters, leave nothing behind: what each number of them needs would stay. */
const MAX_KEPT = 32;

/**
 * Runs handlers through Nest's own guards, interceptors, pipes and filters. Everything that reaches into Nest beyond
 * its public surface is in this file.
 */
@Injectable()
export class TaskPipeline {
  private readonly makeCreator: () => ExternalContextCreator;
  private readonly creator: ExternalContextCreator;
  private readonly invokers = new Map<TaskDefinition, Map<number, Invoke>>();

  /** @param globalEnhancers whether the application's global guards, pipes … act on tasks too */
  constructor(modules: ModulesContainer, nest: ExternalContextCreator, globalEnhancers: boolean) {
    this.makeCreator = () => privateCreator(modules, globalEnhancers ? containerOf(nest) : undefined);
    this.creator = this.makeCreator();
  }

  /** Calls the handler with the caller's arguments and the context in its place. */
  async invoke(definition: TaskDefinition, args: readonly unknown[], context: TaskContext): Promise<unknown> {
    const { contextIndex, schemas } = definition;
    const given = [...args];
    // a schema may have a default for what was left out
    while (given.length < schemas.length) given.push(undefined);
    if (contextIndex !== undefined) given[contextIndex] = context;
    // Guards and interceptors find the context as the last of getArgs(), also where the handler does not take it.
    // (Without parameters Nest passes all of it on to the handler: a rest parameter must not see it.)
    const surplus =
      contextIndex !== undefined || (given.length === 0 && definition.maxArguments === undefined)
        ? []
        : [context];
    const invoke = isStatic(definition)
      ? this.invoker(definition, given.length)
      : await this.scopedInvoker(definition, given.length, context);
    return invoke(...given, ...surplus);
  }

  private invoker(definition: TaskDefinition, count: number): Invoke {
    if (count > MAX_KEPT) return this.create(definition, count, definition.host.instance as object);
    let byCount = this.invokers.get(definition);
    if (!byCount) this.invokers.set(definition, (byCount = new Map()));
    let invoke = byCount.get(count);
    if (!invoke)
      byCount.set(count, (invoke = this.create(definition, count, definition.host.instance as object)));
    return invoke;
  }

  /** Request-scoped and transient providers are made for each execution; the context is their REQUEST. */
  private async scopedInvoker(
    definition: TaskDefinition,
    count: number,
    context: TaskContext,
  ): Promise<Invoke> {
    const { host } = definition;
    const moduleRef = host.host!.getProviderByKey<ModuleRef>(ModuleRef).instance;
    const contextId = ContextIdFactory.create();
    moduleRef.registerRequestByContextId(context, contextId);
    const instance = await moduleRef.resolve<object>(host.token as never, contextId, { strict: true });
    return this.create(definition, count, instance, contextId);
  }

  private create(
    definition: TaskDefinition,
    count: number,
    instance: object,
    contextId?: { id: number },
  ): Invoke {
    const { method, host } = definition;
    const kept = count <= MAX_KEPT;
    const key = `celeriac:arguments:${kept ? count : 'many'}`;
    Reflect.defineMetadata(key, parameterMetadata(count, definition), instance.constructor, method);
    const handler = (instance as Record<string, Invoke>)[method]!;
    return (kept ? this.creator : this.makeCreator()).create(
      instance,
      handler,
      method,
      key,
      {
        exchangeKeyForValue: (_type: unknown, data: unknown, args: unknown[]) =>
          args[(data as { index: number }).index],
      },
      contextId,
      contextId && host.id,
      undefined,
      TASK_CONTEXT_TYPE,
    );
  }
}

/** The last of a parameter's pipes: the handler gets what the schema makes of the argument. */
class SchemaPipe implements PipeTransform {
  constructor(
    private readonly schema: StandardSchemaV1,
    private readonly path: string,
  ) {}

  transform(value: unknown): Promise<unknown> {
    return checkSchema(this.schema, value, this.path);
  }
}

/**
 * The caller's arguments as bodies, so that pipes act on them. The context as a custom parameter: pipes leave it
 * alone unless asked, where ValidationPipe({ whitelist: true }) would strip it.
 */
function parameterMetadata(
  count: number,
  { contextIndex, schemas }: TaskDefinition,
): Record<string, unknown> {
  const parameters: Record<string, unknown> = {};
  for (let index = 0; index < count; index++) {
    const schema = schemas[index];
    if (index === contextIndex)
      parameters[`context__customRouteArgs__:${index}`] = {
        index,
        factory: (_data: unknown, context: { getArgs(): unknown[] }) => context.getArgs()[index],
        data: undefined,
        pipes: [],
      };
    else
      parameters[`${BODY}:${index}`] = {
        index,
        data: { index },
        schema,
        pipes: schema ? [new SchemaPipe(schema, `args[${index}]`)] : [],
      };
  }
  return parameters;
}

function isStatic({ host }: TaskDefinition): boolean {
  return host.isDependencyTreeStatic() && !host.isTransient;
}

function containerOf(nest: ExternalContextCreator): NestContainer {
  return (nest as unknown as { container: NestContainer }).container;
}

/** Nest's own creator adds the application's global enhancers, which are mostly meant for HTTP. */
function privateCreator(
  modules: ModulesContainer,
  withGlobals: NestContainer | undefined,
): ExternalContextCreator {
  const container = { getModules: () => modules } as unknown as NestContainer;
  const config = withGlobals?.applicationConfig;
  return new ExternalContextCreator(
    new GuardsContextCreator(container, config),
    new GuardsConsumer(),
    new InterceptorsContextCreator(container, config),
    new InterceptorsConsumer(),
    modules,
    new PipesContextCreator(container, config),
    new PipesConsumer(),
    new TranslatingFilters(container, config),
  );
}

/** A filter may observe or translate an error (by throwing another); it cannot turn a failure into a success. */
class TranslatingFilters extends ExternalExceptionFilterContext {
  override create(...args: Parameters<ExternalExceptionFilterContext['create']>) {
    const handler = super.create(...args);
    handler.next = async (exception: unknown, host: never) => {
      await handler.invokeCustomFilters(exception as never, host);
      throw exception;
    };
    return handler;
  }
}
