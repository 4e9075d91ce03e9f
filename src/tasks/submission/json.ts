import { NotSerializableError, describe } from '../errors.js';

const MAX_DEPTH = 64;

/**
 * Checks that JSON carries a value without changing what it means, and that Postgres can store it.
 * @throws NotSerializableError with the path of the first value that it would not.
 */
export function assertJson(value: unknown, path: string, depth = 0): void {
  switch (typeof value) {
    case 'string':
      return assertText(value, path);
    case 'boolean':
      return;
    case 'number':
      if (Number.isFinite(value)) return;
      throw new NotSerializableError(`${value} has no form in JSON`, path, 'NUMBER_OUT_OF_RANGE');
    case 'object':
      if (value === null) return;
      if (depth >= MAX_DEPTH)
        throw new NotSerializableError(`nested deeper than ${MAX_DEPTH}, or circular`, path, 'TOO_DEEP');
      return assertObject(value, path, depth);
    default:
      throw new NotSerializableError(`${describe(value)} has no form in JSON`, path);
  }
}

function assertObject(value: object, path: string, depth: number): void {
  if (Array.isArray(value)) {
    // JSON makes null of a hole, and a default parameter would then not apply
    for (let i = 0; i < value.length; i++) {
      if (value[i] === undefined)
        throw new NotSerializableError(
          'undefined in an array would become null: leave it out, or pass null',
          `${path}[${i}]`,
        );
      assertJson(value[i], `${path}[${i}]`, depth + 1);
    }
    return;
  }
  if (typeof (value as { toJSON?: unknown }).toJSON === 'function') {
    if (value instanceof Date && Number.isNaN(value.getTime()))
      throw new NotSerializableError('an invalid Date has no form in JSON', path, 'INVALID_DATE');
    return assertJson((value as { toJSON(): unknown }).toJSON(), path, depth + 1);
  }
  if (
    value instanceof Map ||
    value instanceof Set ||
    ArrayBuffer.isView(value) ||
    value instanceof ArrayBuffer
  )
    throw new NotSerializableError(
      `${describe(value)} would lose its contents in JSON: pass an array or a plain object`,
      path,
    );
  for (const key of Object.keys(value)) {
    assertText(key, path);
    const property = (value as Record<string, unknown>)[key];
    // a property that is undefined is left out, which means the same
    if (property !== undefined) assertJson(property, `${path}.${key}`, depth + 1);
  }
}

function assertText(text: string, path: string): void {
  if (text.includes('\0'))
    throw new NotSerializableError('Postgres cannot store the character U+0000', path, 'NUL_CHARACTER');
  if (!text.isWellFormed())
    throw new NotSerializableError('a lone surrogate is not valid Unicode', path, 'INVALID_UNICODE');
}
