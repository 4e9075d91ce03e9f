import { dtoLibraries } from './check-dto.js';
import type { JsonSchema } from './json-schema.js';

/** A rule of class-validator as it keeps it. */
interface Rule {
  readonly propertyName: string;
  readonly type: string;
  readonly name?: string;
  readonly constraints?: readonly unknown[];
  readonly each: boolean;
}

type Words = (constraints: readonly unknown[]) => JsonSchema;
const type = (name: string) => () => ({ type: name });
const format = (name: string) => () => ({ type: 'string', format: name });

/** The rules that JSON Schema has words for; others are checked, but not described. */
const WORDS: Readonly<Record<string, Words>> = {
  isString: type('string'),
  isNumber: type('number'),
  isInt: type('integer'),
  isBoolean: type('boolean'),
  isArray: type('array'),
  isObject: type('object'),
  isEmail: format('email'),
  isUrl: format('uri'),
  isUuid: format('uuid'),
  isDateString: format('date-time'),
  isIso8601: format('date-time'),
  isPositive: () => ({ exclusiveMinimum: 0 }),
  isNotEmpty: () => ({ minLength: 1 }),
  min: ([minimum]) => ({ minimum }),
  max: ([maximum]) => ({ maximum }),
  minLength: ([minLength]) => ({ minLength }),
  maxLength: ([maxLength]) => ({ maxLength }),
  isLength: ([minLength, maxLength]) => ({ minLength, ...(maxLength !== undefined && { maxLength }) }),
  arrayMinSize: ([minItems]) => ({ minItems }),
  arrayMaxSize: ([maxItems]) => ({ maxItems }),
  matches: ([pattern]) => (pattern instanceof RegExp ? { pattern: pattern.source } : {}),
  isIn: ([values]) => ({ enum: values }),
  isEnum: ([values]) => ({ enum: Object.values(values as object) }),
};

/** The JSON Schema of a class with class-validator's decorators, as far as its rules have words there. */
export function dtoSchema(dto: new () => object, outer: readonly unknown[] = []): JsonSchema {
  const rules = dtoLibraries()!
    .validator.getMetadataStorage()
    .getTargetValidationMetadatas(dto, '', false, false) as unknown as Rule[];
  const properties: Record<string, JsonSchema> = {};
  const optional = new Set<string>();
  for (const rule of rules) {
    const { propertyName: property } = rule;
    if (rule.type === 'conditionalValidation') optional.add(property);
    const isNested = rule.type === 'nestedValidation';
    const declared = Reflect.getMetadata('design:type', dto.prototype as object, property) as unknown;
    const words = isNested ? nested(dto, property, declared, outer) : wordsOf(rule);
    const known = properties[property] ?? {};
    properties[property] =
      rule.each || (isNested && declared === Array)
        ? { ...known, type: 'array', items: { ...(known.items as JsonSchema | undefined), ...words } }
        : { ...known, ...words };
  }
  const required = Object.keys(properties).filter((property) => !optional.has(property));
  return { type: 'object', properties, required, additionalProperties: false };
}

function wordsOf({ name, type: kind, constraints }: Rule): JsonSchema {
  return WORDS[name ?? kind]?.(constraints ?? []) ?? {};
}

/** `@Type(() => Other)`, or the property's own type; a class within itself is any object. */
function nested(
  dto: new () => object,
  property: string,
  declared: unknown,
  outer: readonly unknown[],
): JsonSchema {
  const inner = dtoLibraries()!.typeOf(dto, property) ?? declared;
  if (typeof inner !== 'function' || inner === Array || inner === Object || [...outer, dto].includes(inner))
    return { type: 'object' };
  return dtoSchema(inner as new () => object, [...outer, dto]);
}
