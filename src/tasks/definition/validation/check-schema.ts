import type { StandardSchemaV1 } from '@standard-schema/spec';
import { InvalidArgumentError } from '../../errors.js';

/** @returns what the schema makes of the value @throws InvalidArgumentError with the path of the first issue */
export async function checkSchema(schema: StandardSchemaV1, value: unknown, path: string): Promise<unknown> {
  const result = await schema['~standard'].validate(value);
  if (!result.issues) return result.value;
  const [issue] = result.issues;
  if (!issue) throw new InvalidArgumentError('is not valid', path, 'ARG_TYPE');
  const inner = (issue.path ?? [])
    .map((part) => `.${String(typeof part === 'object' ? part.key : part)}`)
    .join('');
  const code = /unrecognized|unknown/i.test(issue.message)
    ? 'UNKNOWN_PROPERTY'
    : value === undefined
      ? 'ARG_REQUIRED'
      : 'ARG_TYPE';
  throw new InvalidArgumentError(withoutValue(issue.message), path + inner, code);
}

/** Some libraries say what they received, up to the value itself. */
function withoutValue(message: string): string {
  return message.replace(/,?\s+(but )?received\b[^]*$/i, '');
}
