import { ApiHeader, ApiQuery } from '@nestjs/swagger';

/** A parameter of a list. */
export const filter = (name: string, description: string, schema: object = { type: 'string' }) =>
  ApiQuery({ name, required: false, description, schema });

export const REDACT = filter(
  'redact',
  'Whether what looks like a secret is covered; for the role `read` it always is.',
  {
    type: 'boolean',
    default: false,
  },
);

/** What a task takes over from the headers of its request. */
export const INHERITED = [
  ['traceparent', 'The trace that it belongs to; with `tracestate`.'],
  ['tracestate', 'Goes with `traceparent`.'],
  ['x-correlation-id', 'Becomes the header `correlationId` of the task; else `x-request-id` does.'],
].map(([name, description]) =>
  ApiHeader({ name: name!, required: false, description: description!, schema: { type: 'string' } }),
);
