import { Ajv, type ValidateFunction } from 'ajv';
import type { INestApplication } from '@nestjs/common';
import { DocumentBuilder, SwaggerModule, type OpenAPIObject } from '@nestjs/swagger';
import { documentTaskRoutes } from '#dist/tasks/http/openapi/index.js';

export type Schema = Record<string, unknown>;

export interface Parameter {
  readonly in: 'path' | 'query' | 'header';
  readonly name: string;
  readonly schema: Schema;
}

export interface Operation {
  readonly method: string;
  /** With names in braces. */
  readonly path: string;
  readonly parameters: readonly Parameter[];
  /** Of its JSON body. */
  readonly body: Schema | undefined;
  /** By status: the schema of the JSON answer, undefined where it has none. */
  readonly answers: ReadonlyMap<number, Schema | undefined>;
}

/** The document that an application of a user makes. */
export function documentOf(app: INestApplication): OpenAPIObject {
  documentTaskRoutes();
  return SwaggerModule.createDocument(app, new DocumentBuilder().setTitle('test').addBearerAuth().build());
}

export function operationsOf(document: OpenAPIObject): Operation[] {
  interface Content {
    content?: Record<string, { schema: Schema } | undefined>;
  }
  interface Described {
    parameters?: Parameter[];
    requestBody?: Content;
    responses: Record<string, Content>;
  }
  const json = ({ content }: Content = {}) => content?.['application/json']?.schema;
  return Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods as Record<string, Described>).map(([method, operation]) => ({
      method: method.toUpperCase(),
      path,
      parameters: operation.parameters ?? [],
      body: json(operation.requestBody),
      answers: new Map(
        Object.entries(operation.responses).map(([status, answer]) => [Number(status), json(answer)]),
      ),
    })),
  );
}

/** Checks answers against the document: what is not described there is a mistake. */
export class AnswerCheck {
  private readonly ajv = new Ajv({ strict: false, validateFormats: false });
  private readonly compiled = new Map<Schema, ValidateFunction>();

  constructor(private readonly document: OpenAPIObject) {}

  /** What is wrong with it, or undefined. */
  mistake({ answers, method, path }: Operation, status: number, body: unknown): string | undefined {
    const where = `${method} ${path}: ${status}`;
    if (!answers.has(status)) return `${where} is not documented: ${JSON.stringify(body)}`;
    const schema = answers.get(status);
    if (!schema) return undefined;
    let validate = this.compiled.get(schema);
    if (!validate) {
      validate = this.ajv.compile(this.strict(schema) as object);
      this.compiled.set(schema, validate);
    }
    if (validate(body)) return undefined;
    return `${where}: ${this.ajv.errorsText(validate.errors)} in ${JSON.stringify(body)}`;
  }

  /** As JSON Schema: references resolved, `nullable` spelled out, and objects without other properties. */
  private strict(schema: unknown): unknown {
    if (Array.isArray(schema)) return schema.map((each) => this.strict(each));
    if (typeof schema !== 'object' || schema === null) return schema;
    const { nullable, $ref, allOf, ...others } = schema as Schema & { $ref?: string; allOf?: unknown[] };
    const target =
      $ref === undefined
        ? allOf?.length === 1
          ? this.strict(allOf[0])
          : undefined
        : this.strict(this.document.components!.schemas![$ref.split('/').at(-1)!]);
    const own =
      target ?? Object.fromEntries(Object.entries(others).map(([key, value]) => [key, this.strict(value)]));
    const { properties, additionalProperties } = own as Schema;
    const closed =
      properties !== undefined && additionalProperties === undefined
        ? { ...(own as Schema), additionalProperties: false }
        : own;
    return nullable === true ? { anyOf: [closed, { type: 'null' }] } : closed;
  }
}
