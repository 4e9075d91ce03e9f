import { requestIdOf, toErrorBody } from './error.filter.js';

/** What is used of Fastify's reply: the response below it. */
interface Reply {
  readonly raw: {
    statusCode: number;
    setHeader(name: string, value: string): unknown;
    end(chunk: string): unknown;
  };
}

/**
 * For `new FastifyAdapter({ ...fastifyOptions })`: leaves to the library what it refuses itself and says where (keys
 * such as `__proto__`, long names), and gives the errors of Fastify's router, which no filter sees, the same shape.
 */
export const fastifyOptions = {
  onProtoPoisoning: 'ignore',
  onConstructorPoisoning: 'ignore',
  routerOptions: { maxParamLength: 500 },
  frameworkErrors(error: unknown, request: { headers: Record<string, unknown> }, reply: Reply): void {
    const body = toErrorBody(error);
    reply.raw.statusCode = body.statusCode;
    reply.raw.setHeader('Content-Type', 'application/json; charset=utf-8');
    reply.raw.end(JSON.stringify({ ...body, requestId: requestIdOf(request) }));
  },
} as const;
