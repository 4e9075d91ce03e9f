import { headerOf, type HttpRequest } from '../access/http-request.js';
import type { Texts } from '../../definition/texts.js';

/** Version, trace, span and flags, as W3C Trace Context has them; zeros are no ids. */
const TRACEPARENT = /^(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/;
/** What every party must be able to pass on; a longer one may be left out. */
const TRACESTATE = /^[\x20-\x7e]{1,512}$/;
const CORRELATION_ID = /^[\w.:;=+/@-]{1,128}$/;

/**
 * What a request's headers say about where it belongs, for the headers of its tasks. What does not look right is left
 * out: a proxy's mistake must not cost the submission. `baggage` stays: it may hold anything of anybody.
 */
export function clientHeaders(request: HttpRequest): Texts {
  const valid = (name: string, form: RegExp) => {
    const value = headerOf(request, name);
    return value !== undefined && form.test(value) ? value : undefined;
  };
  const traceparent = valid('traceparent', TRACEPARENT);
  const tracestate = traceparent && valid('tracestate', TRACESTATE);
  const correlationId = valid('x-correlation-id', CORRELATION_ID) ?? valid('x-request-id', CORRELATION_ID);
  return {
    ...(traceparent !== undefined && { traceparent }),
    ...(tracestate !== undefined && { tracestate }),
    ...(correlationId !== undefined && { correlationId }),
  };
}
