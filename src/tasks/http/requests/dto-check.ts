import { createRequire } from 'node:module';
import type { ValidationError } from 'class-validator';
import { NotSerializableError } from '../../errors.js';

type ClassValidator = typeof import('class-validator');
type ClassTransformer = typeof import('class-transformer');

const require = createRequire(import.meta.url);
let libraries: { validator: ClassValidator; transformer: ClassTransformer } | undefined | null;

/** A class with class-validator's decorators on it. Applications without class-validator have none. */
export function isDto(type: unknown): type is new () => object {
  if (typeof type !== 'function' || type === Object) return false;
  const validator = load()?.validator;
  const metadata = validator?.getMetadataStorage().getTargetValidationMetadatas(type, '', false, false);
  return metadata !== undefined && metadata.length > 0;
}

/** @throws NotSerializableError with the path of the first property that is wrong */
export async function checkDto(type: new () => object, value: unknown, path: string): Promise<void> {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new NotSerializableError('expected an object', path, 'ARG_TYPE');
  const { validator, transformer } = load()!;
  const instance = transformer.plainToInstance(type, value, { enableImplicitConversion: false });
  const [first] = await validator.validate(instance, {
    whitelist: true,
    forbidNonWhitelisted: true,
    forbidUnknownValues: false,
  });
  if (first) throw toError(first, path);
}

function toError(error: ValidationError, path: string): NotSerializableError {
  const at = `${path}.${error.property.slice(0, 40)}`;
  const [child] = error.children ?? [];
  if (child) return toError(child, at);
  const [[rule, message]] = Object.entries(error.constraints ?? { invalid: 'is not valid' }) as [
    [string, string],
  ];
  const code =
    rule === 'whitelistValidation'
      ? 'UNKNOWN_PROPERTY'
      : error.value === undefined
        ? 'ARG_REQUIRED'
        : 'ARG_TYPE';
  return new NotSerializableError(message, at, code);
}

/** The application's own copies: decorators register with the one that it imports. */
function load() {
  if (libraries === undefined)
    try {
      libraries = {
        validator: require('class-validator') as ClassValidator,
        transformer: require('class-transformer') as ClassTransformer,
      };
    } catch {
      libraries = null;
    }
  return libraries;
}
