import { createRequire } from 'node:module';
import type { ValidationError } from 'class-validator';
import { InvalidArgumentError } from '../../errors.js';

type ClassValidator = typeof import('class-validator');
type ClassTransformer = typeof import('class-transformer');
interface TypeStorage {
  findTypeMetadata(target: unknown, property: string): { typeFunction(): unknown } | undefined;
}
interface Libraries {
  readonly validator: ClassValidator;
  readonly transformer: ClassTransformer;
  /** What `@Type()` says of a property. */
  typeOf(target: unknown, property: string): unknown;
}

const require = createRequire(import.meta.url);
let libraries: Libraries | undefined | null;

/** A class with class-validator's decorators on it. Applications without class-validator have none. */
export function isDto(type: unknown): type is new () => object {
  if (typeof type !== 'function' || type === Object) return false;
  const validator = dtoLibraries()?.validator;
  const metadata = validator?.getMetadataStorage().getTargetValidationMetadatas(type, '', false, false);
  return metadata !== undefined && metadata.length > 0;
}

/**
 * @param strict whether properties that the class does not know are refused
 * @throws InvalidArgumentError with the path of the first property that is wrong
 */
export async function checkDto(
  type: new () => object,
  value: unknown,
  path: string,
  strict: boolean,
): Promise<void> {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new InvalidArgumentError('expected an object', path, 'ARG_TYPE');
  const { validator, transformer } = dtoLibraries()!;
  const instance = transformer.plainToInstance(type, value, { enableImplicitConversion: false });
  const [first] = await validator.validate(instance, {
    whitelist: strict,
    forbidNonWhitelisted: strict,
    forbidUnknownValues: false,
  });
  if (first) throw toError(first, path);
}

function toError(error: ValidationError, path: string): InvalidArgumentError {
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
  return new InvalidArgumentError(message, at, code);
}

/** What `@Type()` keeps is not among the public names of class-transformer; without it nested classes are any object. */
function types(): TypeStorage | undefined {
  try {
    return (require('class-transformer/cjs/storage.js') as { defaultMetadataStorage: TypeStorage })
      .defaultMetadataStorage;
  } catch {
    return undefined;
  }
}

/** The application's own copies: decorators register with the one that it imports. Undefined without them. */
export function dtoLibraries(): Libraries | undefined {
  if (libraries === undefined)
    try {
      libraries = {
        validator: require('class-validator') as ClassValidator,
        transformer: require('class-transformer') as ClassTransformer,
        typeOf: (target, property) => types()?.findTypeMetadata(target, property)?.typeFunction(),
      };
    } catch {
      libraries = null;
    }
  return libraries ?? undefined;
}
