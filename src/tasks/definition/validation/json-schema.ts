import type { StandardJSONSchemaV1, StandardSchemaV1 } from '@standard-schema/spec';
import type { TaskDescription } from '../task-definition.js';
import { PRIMITIVES } from './check-arguments.js';
import { isDto } from './check-dto.js';
import { dtoSchema } from './dto-schema.js';

/** A JSON Schema, as OpenAPI 3.1 has it. */
export type JsonSchema = Record<string, unknown>;

/** What a form, a client generator or a person needs to know to submit a task. */
export interface TaskSchema {
  name: string;
  queue: string;
  priority: number;
  /** Whether it can be submitted over HTTP. */
  http: boolean;
  /** In their order, with the parameter's name in the source; the schema is JSON Schema 2020-12, `{}` where anything goes. */
  args: { name: string | null; required: boolean; schema: JsonSchema }[];
  /** Of the result; `{}` where it is not declared. */
  result: JsonSchema;
}

/** Read from the task's schemas, or else from its method's parameter types. */
export function describeSchema(task: TaskDescription): TaskSchema {
  const { name, queue, settings, http, schemas, parameterTypes, requiredArguments, resultSchema } = task;
  const { parameterNames } = task;
  const count = Math.max(schemas.length, parameterTypes.length, requiredArguments);
  return {
    name,
    queue,
    priority: settings.priority,
    http,
    args: Array.from({ length: count }, (_, i) => ({
      name: parameterNames[i] ?? null,
      required: schemas[i] ? !takesUndefined(schemas[i]) : i < requiredArguments,
      schema: schemas[i] ? fromStandard(schemas[i], 'input') : fromType(parameterTypes[i]),
    })),
    result: resultSchema ? fromStandard(resultSchema, 'output') : {},
  };
}

/** Libraries that implement Standard JSON Schema (zod from 4.2 on …); others say nothing about themselves. */
function fromStandard(schema: StandardSchemaV1, side: 'input' | 'output'): JsonSchema {
  const { jsonSchema } = schema['~standard'] as Partial<StandardJSONSchemaV1.Props>;
  if (!jsonSchema) return {};
  try {
    const { $schema: _version, ...rest } = jsonSchema[side]({ target: 'draft-2020-12' });
    return rest;
  } catch {
    // a transformation or a type that JSON Schema has no words for
    return {};
  }
}

/** Optional, or with a default. */
function takesUndefined(schema: StandardSchemaV1): boolean {
  const result = schema['~standard'].validate(undefined);
  return !(result instanceof Promise) && !result.issues;
}

function fromType(type: unknown): JsonSchema {
  const primitive = PRIMITIVES.get(type);
  if (primitive !== undefined) return { type: primitive };
  if (type === Array) return { type: 'array' };
  return isDto(type) ? dtoSchema(type) : {};
}
