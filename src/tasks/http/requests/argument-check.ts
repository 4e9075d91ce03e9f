import type { StandardSchemaV1 } from '@standard-schema/spec';
import type { TaskDefinition } from '../../definition/task-definition.js';
import { NotSerializableError } from '../../errors.js';
import { checkDto, isDto } from './dto-check.js';

/**
 * Checks a request's arguments against the schemas that the task declares, or else against its method's signature.
 * Nothing is coerced.
 * @throws NotSerializableError with the argument's path
 */
export async function checkArguments(
  definition: TaskDefinition,
  args: readonly unknown[],
  path: string,
): Promise<void> {
  const count = Math.max(args.length, definition.requiredArguments, definition.schemas.length);
  for (let i = 0; i < count; i++) {
    const schema = definition.schemas[i];
    if (schema) await checkSchema(schema, args[i], `${path}[${i}]`);
    else if (i >= args.length)
      throw new NotSerializableError('this argument is missing', `${path}[${i}]`, 'ARG_REQUIRED');
    else await checkType(definition.parameterTypes[i], args[i], `${path}[${i}]`);
  }
}

async function checkSchema(schema: StandardSchemaV1, value: unknown, path: string): Promise<void> {
  const result = await schema['~standard'].validate(value);
  const [issue] = result.issues ?? [];
  if (!issue) return;
  const inner = (issue.path ?? [])
    .map((part) => `.${String(typeof part === 'object' ? part.key : part)}`)
    .join('');
  const code = /unrecognized|unknown/i.test(issue.message)
    ? 'UNKNOWN_PROPERTY'
    : value === undefined
      ? 'ARG_REQUIRED'
      : 'ARG_TYPE';
  throw new NotSerializableError(withoutValue(issue.message), path + inner, code);
}

/** Some libraries say what they received, up to the value itself. */
function withoutValue(message: string): string {
  return message.replace(/,?\s+(but )?received\b[^]*$/i, '');
}

const PRIMITIVES = new Map<unknown, string>([
  [Number, 'number'],
  [String, 'string'],
  [Boolean, 'boolean'],
]);

async function checkType(type: unknown, value: unknown, path: string): Promise<void> {
  const primitive = PRIMITIVES.get(type);
  if (primitive !== undefined) {
    if (typeof value !== primitive)
      throw new NotSerializableError(`expected a ${primitive}`, path, 'ARG_TYPE');
  } else if (type === Array) {
    if (!Array.isArray(value)) throw new NotSerializableError('expected an array', path, 'ARG_TYPE');
  } else if (isDto(type)) await checkDto(type, value, path);
}
