import { HttpException } from '@nestjs/common';
import type { ErrorBody } from './error.filter.js';

interface ParserError {
  readonly type?: unknown;
  readonly code?: unknown;
  readonly limit?: unknown;
  readonly statusCode?: unknown;
  readonly message?: unknown;
  readonly cause?: unknown;
  readonly body?: unknown;
}

/**
 * What the host application's body parser or router refused before us: on Express http-errors with a `type`, on
 * Fastify errors with a `code`, both partly turned into HttpExceptions by Nest, whose texts may show what was sent.
 * @param bodyLimit of the route, which Fastify does not say in its error
 */
export function fromBodyParser(error: unknown, bodyLimit: number | undefined): ErrorBody | undefined {
  const { type, code, message, cause } = (error ?? {}) as ParserError;
  const text = typeof message === 'string' ? message : '';
  const status =
    error instanceof HttpException ? error.getStatus() : (error as ParserError | undefined)?.statusCode;
  if (status === 413 && !hasOwnCode(error))
    return tooLarge((error as ParserError).limit ?? (cause as ParserError | undefined)?.limit ?? bodyLimit);
  if (
    code === 'FST_ERR_CTP_INVALID_MEDIA_TYPE' ||
    type === 'encoding.unsupported' ||
    type === 'charset.unsupported' ||
    (status === 415 && !hasOwnCode(error))
  )
    return {
      statusCode: 415,
      code: 'UNSUPPORTED_MEDIA_TYPE',
      message: 'expected a body of the type application/json',
    };
  if (status === 414 || code === 'FST_ERR_MAX_PARAM_LENGTH')
    return {
      statusCode: 400,
      code: 'INVALID_TASK_NAME',
      message: 'a part of the path is longer than any name',
    };
  if (code === 'FST_ERR_BAD_URL' || (cause as Error | undefined)?.name === 'URIError')
    return { statusCode: 400, code: 'INVALID_URL', message: 'the path is not validly encoded' };
  if (status !== 400 && !(error instanceof SyntaxError)) return undefined;
  if (/Body cannot be empty/i.test(text) || isJson((cause as ParserError | undefined)?.body))
    return {
      statusCode: 400,
      code: 'BODY_MUST_BE_OBJECT',
      message: 'body: expected a JSON object',
      path: 'body',
    };
  if (/forbidden prototype/.test(text))
    return {
      statusCode: 400,
      code: 'FORBIDDEN_KEY',
      message: 'a property of this name is not taken',
      path: 'body',
    };
  if (type === 'entity.parse.failed' || /JSON|^Unexpected |^Bad control|^Expected /.test(text))
    return { statusCode: 400, code: 'INVALID_JSON', message: 'the body is not valid JSON' };
  return undefined;
}

/** Express's parser refuses texts, numbers and null like what is no JSON at all. */
function isJson(body: unknown): boolean {
  if (typeof body !== 'string') return false;
  try {
    JSON.parse(body);
    return true;
  } catch {
    return false;
  }
}

function tooLarge(limit: unknown): ErrorBody {
  const message =
    typeof limit === 'number'
      ? `the body is larger than ${limit} bytes`
      : 'the body is larger than the limit of this server';
  return { statusCode: 413, code: 'BODY_TOO_LARGE', message };
}

/** An application's own HttpException says its code; it is not a parser's. */
function hasOwnCode(error: unknown): boolean {
  if (!(error instanceof HttpException)) return false;
  const response = error.getResponse();
  return typeof response === 'object' && 'code' in response && !String(response.code).startsWith('FST_');
}
