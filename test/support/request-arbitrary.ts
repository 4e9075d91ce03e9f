import * as fc from 'fast-check';
import type { Operation, Schema } from './openapi.js';

export interface FuzzedRequest {
  readonly operation: Operation;
  /** With its query. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | undefined;
}

/** What breaks parsers, databases and prototypes. */
const NASTY = [
  '',
  ' ',
  '\0',
  'a\0b',
  '\ud800',
  '🥬',
  '%00',
  '%FF',
  '../../etc/passwd',
  '__proto__',
  'constructor',
  'toString',
  "'; DROP TABLE task; --",
  '*',
  '%',
  '\\',
  '$1',
  'null',
  'true',
  '-1',
  '1e400',
  'NaN',
  '10s',
  '99999999999999999999 years',
  '2030-01-01T00:00:00Z',
  '2030-02-31T25:61:00Z',
  '+275760-09-13T00:00:00.000Z',
  '0001-01-01T00:00:00Z',
  'x'.repeat(5000),
];
/** Schemas within schemas: a workflow's steps contain steps, and would never end. */
const DEEPEST = 5;
const nasty = fc.constantFrom(...NASTY);
const text = fc.oneof(nasty, fc.string(), fc.string({ unit: 'binary', maxLength: 50 }));
const anything: fc.Arbitrary<unknown> = fc.oneof(
  { weight: 3, arbitrary: fc.jsonValue() },
  { weight: 1, arbitrary: nasty },
  {
    weight: 1,
    arbitrary: fc.constantFrom<unknown>(2 ** 53, -0, 1e308, 5e-324, {}, [], null),
  },
);

/**
 * Requests to the operations of a document: for each value mostly what its schema asks for, sometimes anything.
 * @param known values that exist, by the name of a parameter or property: without them everything would be unknown
 * @param only the same, for names that get no other values
 */
export function requestsTo(
  operations: readonly Operation[],
  schemas: Readonly<Record<string, Schema>>,
  known: Readonly<Record<string, readonly string[]>>,
  only: Readonly<Record<string, readonly string[]>>,
): fc.Arbitrary<FuzzedRequest> {
  const valueOf = (schema: Schema, name = '', depth = 0): fc.Arbitrary<unknown> => {
    if (only[name]) return fc.constantFrom(...only[name]);
    const exact = bySchema(schema, name, depth);
    const values = known[name];
    return fc.oneof(
      { weight: 6, arbitrary: exact },
      { weight: 1, arbitrary: anything },
      ...(schema.example === undefined ? [] : [{ weight: 4, arbitrary: fc.constant(schema.example) }]),
      ...(values ? [{ weight: 16, arbitrary: fc.constantFrom(...values) as fc.Arbitrary<unknown> }] : []),
    );
  };

  function bySchema(schema: Schema, name: string, depth: number): fc.Arbitrary<unknown> {
    const { $ref, allOf, oneOf, anyOf, type, nullable, properties, required, items } = schema as {
      $ref?: string;
      allOf?: Schema[];
      oneOf?: Schema[];
      anyOf?: Schema[];
      type?: string;
      nullable?: boolean;
      properties?: Record<string, Schema>;
      required?: string[];
      items?: Schema;
    };
    if ($ref !== undefined)
      return depth === DEEPEST ? anything : bySchema(schemas[$ref.split('/').at(-1)!]!, name, depth + 1);
    if (allOf) return bySchema(allOf[0]!, name, depth);
    const choices = oneOf ?? anyOf;
    if (choices) return fc.oneof(...choices.map((choice) => bySchema(choice, name, depth)));
    if (nullable === true)
      return fc.option(bySchema({ ...schema, nullable: false }, name, depth), { nil: null });
    switch (type) {
      case 'integer':
        return fc.oneof(
          fc.integer({ min: Number(schema.minimum ?? -10), max: Number(schema.maximum ?? 1000) }),
          fc.integer(),
        );
      case 'number':
        return fc.oneof(fc.integer({ min: 0, max: 5000 }), fc.double());
      case 'boolean':
        return fc.boolean();
      case 'array':
        return fc.array(valueOf(items ?? {}, name, depth), { maxLength: 5 });
      case 'object':
        if (!properties)
          return fc.dictionary(text, valueOf((schema.additionalProperties as Schema) ?? {}, '', depth), {
            maxKeys: 4,
          });
        // few of them at once: with many, one is always wrong
        return fc
          .shuffledSubarray(Object.keys(properties))
          .map((chosen) => chosen.slice(0, 2))
          .chain((chosen) => {
            const keys = [...new Set([...(required ?? []), ...chosen])];
            return fc.record(
              Object.fromEntries(keys.map((key) => [key, valueOf(properties[key]!, key, depth)])),
            );
          });
      case 'string':
        return Array.isArray(schema.enum) ? fc.constantFrom(...(schema.enum as string[])) : text;
      default:
        return anything;
    }
  }

  /** What the document shows, where it shows something: mostly what is asked for. */
  const exampleOf = (schema: Schema): unknown => {
    const { $ref, properties, example } = schema as {
      $ref?: string;
      properties?: Record<string, Schema>;
      example?: unknown;
    };
    if ($ref !== undefined) return exampleOf(schemas[$ref.split('/').at(-1)!]!);
    if (!properties) return example;
    return Object.fromEntries(Object.entries(properties).map(([key, value]) => [key, value.example]));
  };

  const requestTo = (operation: Operation): fc.Arbitrary<FuzzedRequest> => {
    const parametersIn = (place: string) =>
      operation.parameters.filter((parameter) => parameter.in === place);
    const record = (place: string): fc.Arbitrary<unknown> =>
      fc.record(
        Object.fromEntries(parametersIn(place).map(({ name, schema }) => [name, valueOf(schema, name)])),
        place === 'path' ? {} : { requiredKeys: [] },
      );
    const body =
      operation.method === 'GET'
        ? fc.constant(undefined)
        : operation.body
          ? fc.oneof(
              {
                weight: 10,
                arbitrary: bySchema(operation.body, '', 0).map((value) => JSON.stringify(value)),
              },
              { weight: 4, arbitrary: fc.constant(JSON.stringify(exampleOf(operation.body))) },
              { weight: 2, arbitrary: anything.map((value) => JSON.stringify(value)) },
              { weight: 1, arbitrary: text },
            )
          : fc.option(
              anything.map((value) => JSON.stringify(value)),
              { nil: undefined, freq: 8 },
            );
    const type = fc.constantFrom(
      ...Array.from({ length: 18 }, () => 'application/json'),
      'text/plain',
      'application/xml',
    );
    return fc
      .tuple(record('path'), record('query'), record('header'), body, type)
      .map(([path, query, header, content, contentType]) => {
        const asText = (value: unknown) =>
          (typeof value === 'string' ? value : JSON.stringify(value)).toWellFormed();
        // URLs without a part, or with one of dots, lead to another route
        const asPart = (value: string) => (/^\.{0,2}$/.test(value) ? 'x' : encodeURIComponent(value));
        const filled = operation.path.replaceAll(/\{(\w+)\}/g, (_, name: string) =>
          asPart(asText((path as Record<string, unknown>)[name])),
        );
        const search = new URLSearchParams(
          Object.entries(query as Record<string, unknown>).map(([name, value]): [string, string] => [
            name,
            asText(value),
          ]),
        );
        const headers = Object.fromEntries(
          Object.entries(header as Record<string, unknown>)
            // no client sends others
            .map(([name, value]) => [
              name,
              asText(value)
                .replaceAll(/[^\x20-\x7e]/g, '?')
                .trim(),
            ]),
        );
        return {
          operation,
          url: search.size > 0 ? `${filled}?${search.toString()}` : filled,
          headers: content === undefined ? headers : { ...headers, 'content-type': contentType },
          body: content,
        };
      });
  };
  return fc.oneof(...operations.map(requestTo));
}
