import { randomUUID } from 'node:crypto';
import {
  Catch,
  HttpException,
  HttpStatus,
  Logger,
  type ArgumentsHost,
  type ExceptionFilter,
} from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import {
  CeleriacError,
  InvalidArgumentError,
  InvalidOptionError,
  NotSerializableError,
  UnknownTaskError,
} from '../errors.js';
import { fromBodyParser } from './body-parser-errors.js';
import { isTransient } from '../store/database.js';

/** The body of every error. It never echoes values or stack traces. */
export interface ErrorBody {
  statusCode: number;
  /** Stable, for programs. */
  code: string;
  /** For people. */
  message: string;
  /** Where the mistake is: `args[0].url`. */
  path?: string;
  /** Of this answer, or the `X-Request-Id` of the request; errors of ours are logged with it. */
  requestId?: string;
}

const STATUS: Record<string, number> = {
  UNAUTHENTICATED: HttpStatus.UNAUTHORIZED,
  FORBIDDEN: HttpStatus.FORBIDDEN,
  CROSS_SITE: HttpStatus.FORBIDDEN,
  UNKNOWN_TASK: HttpStatus.NOT_FOUND,
  UNKNOWN_QUEUE: HttpStatus.NOT_FOUND,
  UNKNOWN_WORKER: HttpStatus.NOT_FOUND,
  CONTROL_REFUSED: HttpStatus.CONFLICT,
  WORKER_SILENT: HttpStatus.GATEWAY_TIMEOUT,
  QUEUE_FULL: HttpStatus.TOO_MANY_REQUESTS,
  TASK_NOT_FOUND: HttpStatus.NOT_FOUND,
  TASK_STATE_CONFLICT: HttpStatus.CONFLICT,
  IDEMPOTENCY_CONFLICT: HttpStatus.CONFLICT,
  UNIQUE_CONFLICT: HttpStatus.CONFLICT,
  SIGNAL_CONFLICT: HttpStatus.CONFLICT,
  SCHEDULE_NOT_FOUND: HttpStatus.NOT_FOUND,
  SCHEDULE_EXISTS: HttpStatus.CONFLICT,
  SCHEDULE_DECLARED: HttpStatus.CONFLICT,
  STORE_UNAVAILABLE: HttpStatus.SERVICE_UNAVAILABLE,
  SUBMISSION_UNCERTAIN: HttpStatus.SERVICE_UNAVAILABLE,
  OVERLOADED: HttpStatus.SERVICE_UNAVAILABLE,
  SHUTTING_DOWN: HttpStatus.SERVICE_UNAVAILABLE,
};
/** Seconds after which a refused request may be tried again. */
const RETRY_AFTER_S = '2';

interface FailedRequest {
  readonly headers?: Record<string, unknown>;
  /** On Fastify. */
  readonly routeOptions?: { readonly bodyLimit?: number };
}

/** Gives errors one shape, on Express and Fastify. Install it globally to give the application's own the same. */
@Catch()
export class HttpErrorFilter implements ExceptionFilter {
  private readonly logger = new Logger('Tasks');

  constructor(private readonly host: HttpAdapterHost) {}

  catch(error: unknown, context: ArgumentsHost): void {
    const { httpAdapter } = this.host;
    const http = context.switchToHttp();
    const response: unknown = http.getResponse();
    const request = http.getRequest<FailedRequest>();
    const requestId = requestIdOf(request);
    const body = toErrorBody(error, request.routeOptions?.bodyLimit);
    if (body.code === 'INTERNAL_ERROR')
      this.logger.error(
        `request ${requestId}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`,
      );
    if (httpAdapter.isHeadersSent(response)) return;
    // a throttler knows better
    const mayRetry = body.statusCode === 503 || body.statusCode === 429;
    if (mayRetry && !httpAdapter.getHeader(response, 'Retry-After'))
      httpAdapter.setHeader(response, 'Retry-After', RETRY_AFTER_S);
    if (body.code === 'UNAUTHENTICATED') httpAdapter.setHeader(response, 'WWW-Authenticate', 'Bearer');
    httpAdapter.reply(response, { ...body, requestId }, body.statusCode);
  }
}

/** The one that a proxy gave the request, if it looks like one. */
export function requestIdOf({ headers }: { headers?: Record<string, unknown> }): string {
  const given = headers?.['x-request-id'];
  return typeof given === 'string' && /^[\w-]{1,100}$/.test(given) ? given : randomUUID();
}

/** Everything that can be thrown, as an answer. */
export function toErrorBody(error: unknown, bodyLimit?: number): ErrorBody {
  if (error instanceof InvalidOptionError) return withPath(error, 400, error.option);
  if (error instanceof NotSerializableError || error instanceof InvalidArgumentError)
    return withPath(error, 400, error.path);
  if (error instanceof CeleriacError) return fromOurs(error);
  const parser = fromBodyParser(error, bodyLimit);
  if (parser) return parser;
  if (error instanceof HttpException) return fromHttpException(error);
  // a read that found the database away
  if (isTransient(error))
    return {
      statusCode: HttpStatus.SERVICE_UNAVAILABLE,
      code: 'STORE_UNAVAILABLE',
      message: 'the database cannot be reached',
    };
  return { statusCode: 500, code: 'INTERNAL_ERROR', message: 'something went wrong here; it is in the log' };
}

function fromOurs(error: CeleriacError): ErrorBody {
  const { code, message } = error;
  const path = error instanceof UnknownTaskError ? error.path : undefined;
  return { statusCode: STATUS[code] ?? 500, code, message, ...(path !== undefined && { path }) };
}

/** The message in a string without what was given: a client knows what it sent, and others may read the answer. */
function withPath(error: CeleriacError, statusCode: number, path: string): ErrorBody {
  return { statusCode, code: error.code, message: error.message.replace(/, got [^]*$/, ''), path };
}

function fromHttpException(error: HttpException): ErrorBody {
  const statusCode = error.getStatus();
  const response = error.getResponse();
  const given = typeof response === 'object' ? (response as Partial<ErrorBody> & { message?: unknown }) : {};
  const message = Array.isArray(given.message) ? given.message.join('; ') : (given.message ?? error.message);
  const code = typeof given.code === 'string' ? given.code : (HttpStatus[statusCode] ?? 'ERROR');
  return {
    statusCode,
    code,
    message: typeof message === 'string' ? message : error.message,
    ...(typeof given.path === 'string' && { path: given.path }),
  };
}
