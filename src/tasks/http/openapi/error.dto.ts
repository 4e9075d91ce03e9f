import { ApiProperty, ApiPropertyOptional, ApiResponse } from '@nestjs/swagger';
import { applyDecorators } from '@nestjs/common';
import type { ErrorBody } from '../error.filter.js';

/** The body of every error. */
export class ErrorDto implements ErrorBody {
  @ApiProperty({ type: 'integer', example: 400 })
  statusCode!: number;

  @ApiProperty({ description: 'Stable, for programs.', example: 'ARG_TYPE' })
  code!: string;

  @ApiProperty({ description: 'For people. It never has what was sent in it.' })
  message!: string;

  @ApiPropertyOptional({ description: 'Where the mistake is.', example: 'args[1]' })
  path?: string;

  @ApiProperty({ description: 'Errors of the server are logged with it.' })
  requestId!: string;
}

const DESCRIPTIONS = {
  400: 'Something of the request is wrong: `code` and `path` say what and where.',
  401: 'It is not known who asks: no key, or a wrong one.',
  403: 'Who asks may not do this, or a page of another site sent it.',
  404: 'No such task, queue, worker or exposed name; or it is not yours.',
  409: 'The state of the task, or the use of its idempotency key before, does not allow it; or the worker cannot do it.',
  413: 'The body is too large.',
  415: 'The body is not JSON.',
  429: 'Too many requests, or the queue is full: try again after `Retry-After` seconds.',
  503: 'The database is away or the process is about to end: try again after `Retry-After` seconds.',
  504: 'The worker did not answer in time, and does not do it later.',
} as const;

/** The HTTP statuses that the routes fail with. */
export type ErrorStatus = keyof typeof DESCRIPTIONS;

/** Documents that a route may answer with these errors, in the shape that `HttpErrorFilter` gives them. */
export function ApiErrors(...statuses: ErrorStatus[]): MethodDecorator & ClassDecorator {
  return applyDecorators(
    ...statuses.map((status) =>
      ApiResponse({
        status,
        type: ErrorDto,
        description: DESCRIPTIONS[status],
        ...((status === 429 || status === 503) && {
          headers: { 'Retry-After': { description: 'Seconds.', schema: { type: 'integer' } } },
        }),
      }),
    ),
  );
}
