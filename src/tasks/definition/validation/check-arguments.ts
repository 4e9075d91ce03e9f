import { InvalidArgumentError } from '../../errors.js';
import type { TaskDescription } from '../task-definition.js';
import { checkDto, isDto } from './check-dto.js';
import { checkSchema } from './check-schema.js';

/**
 * Checks a submission against the schemas that the task declares, and parameters of class-validator classes against
 * these. Properties that a class does not know are left to the worker's own pipes.
 * @param args as JSON gives them back
 * @throws InvalidArgumentError with the argument's path
 */
export async function checkSubmission(
  { schemas, parameterTypes }: TaskDescription,
  args: readonly unknown[],
): Promise<void> {
  const count = Math.max(args.length, schemas.length);
  for (let i = 0; i < count; i++) {
    const schema = schemas[i];
    const type = parameterTypes[i];
    if (schema) await checkSchema(schema, args[i], `args[${i}]`);
    else if (args[i] !== undefined && isDto(type)) await checkDto(type, args[i], `args[${i}]`, false);
  }
}

/** Whether {@link checkSubmission} has anything to do for a task. */
export function isChecked({
  schemas,
  parameterTypes,
}: Pick<TaskDescription, 'schemas' | 'parameterTypes'>): boolean {
  return schemas.some(Boolean) || parameterTypes.some(isDto);
}

/**
 * Checks a request's arguments: as {@link checkSubmission}, and against the rest of the method's signature. Nothing
 * is coerced, and nothing unknown is let through.
 * @throws InvalidArgumentError with the argument's path
 */
export async function checkArguments(
  definition: TaskDescription,
  args: readonly unknown[],
  path: string,
): Promise<void> {
  const { requiredArguments, schemas, parameterTypes } = definition;
  const count = Math.max(args.length, requiredArguments, schemas.length);
  for (let i = 0; i < count; i++) {
    const schema = schemas[i];
    if (schema) await checkSchema(schema, args[i], `${path}[${i}]`);
    else if (i >= args.length)
      throw new InvalidArgumentError('this argument is missing', `${path}[${i}]`, 'ARG_REQUIRED');
    else await checkType(parameterTypes[i], args[i], `${path}[${i}]`);
  }
}

export const PRIMITIVES: ReadonlyMap<unknown, 'number' | 'string' | 'boolean'> = new Map<
  unknown,
  'number' | 'string' | 'boolean'
>([
  [Number, 'number'],
  [String, 'string'],
  [Boolean, 'boolean'],
]);

async function checkType(type: unknown, value: unknown, path: string): Promise<void> {
  const primitive = PRIMITIVES.get(type);
  if (primitive !== undefined) {
    if (typeof value !== primitive)
      throw new InvalidArgumentError(`expected a ${primitive}`, path, 'ARG_TYPE');
  } else if (type === Array) {
    if (!Array.isArray(value)) throw new InvalidArgumentError('expected an array', path, 'ARG_TYPE');
  } else if (isDto(type)) await checkDto(type, value, path, true);
}
