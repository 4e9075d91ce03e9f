import type { Principal } from './principal.js';

/** The parts of a request that Express and Fastify share. */
export interface HttpRequest {
  readonly method: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly socket?: { readonly remoteAddress?: string | undefined };
  /** What a guard of the application left there. */
  readonly user?: unknown;
  /** Set by `TasksAccessGuard`. */
  taskPrincipal?: Principal;
}

/** A header that must come once; undefined when it is missing or came as a list. */
export function headerOf({ headers }: HttpRequest, name: string): string | undefined {
  const value = headers[name];
  return typeof value === 'string' ? value : undefined;
}
