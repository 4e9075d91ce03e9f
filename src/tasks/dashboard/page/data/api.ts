import { signal as signalOf } from '@preact/signals';

export interface Configuration {
  api: string;
  login: boolean;
  principal: { role: 'submit' | 'read' | 'metrics' | 'admin'; owner: string | null } | null;
}

/** Who looks at the page; undefined until that is known. */
export const configuration = signalOf<Configuration | undefined>(undefined);

export const isAdmin = () => configuration.value?.principal?.role === 'admin';

/** An answer that was no success. Its message is for people. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly path: string | undefined,
  ) {
    super(message);
  }
}

interface Request {
  readonly method?: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  readonly body?: unknown;
  readonly query?: Readonly<Record<string, string | undefined>>;
  readonly signal?: AbortSignal;
}

/** The address of a route of the tasks, absolute. */
export function addressOf(path: string): URL {
  return new URL(`${configuration.value?.api ?? '../tasks'}${path}`, location.href.split('#')[0]);
}

/** Asks a route of the tasks. @throws ApiError */
export async function call<T>(
  path: string,
  { method = 'GET', body, query = {}, signal }: Request = {},
): Promise<T> {
  const url = addressOf(path);
  for (const [name, value] of Object.entries(query)) if (value) url.searchParams.set(name, value);
  return answerOf<T>(
    await fetch(url, {
      method,
      ...(body !== undefined && {
        body: JSON.stringify(body),
        headers: { 'content-type': 'application/json' },
      }),
      ...(signal && { signal }),
    }),
  );
}

/** Asks who looks at the page. */
export async function loadConfiguration(): Promise<void> {
  configuration.value = await answerOf<Configuration>(await fetch('config.json'));
}

export async function logIn(key: string): Promise<void> {
  await answerOf(
    await fetch('login', {
      method: 'POST',
      body: JSON.stringify({ key }),
      headers: { 'content-type': 'application/json' },
    }),
  );
  await loadConfiguration();
}

export async function logOut(): Promise<void> {
  await fetch('logout', { method: 'POST' });
  await loadConfiguration();
}

async function answerOf<T>(response: Response): Promise<T> {
  const body = (await response.json().catch(() => ({}))) as Record<string, unknown>;
  if (response.ok) return body as T;
  const message = typeof body.message === 'string' ? body.message : `the server answered ${response.status}`;
  // the session is over: the login shows again
  if (response.status === 401 && configuration.value?.principal)
    configuration.value = { ...configuration.value, principal: null };
  throw new ApiError(
    response.status,
    typeof body.code === 'string' ? body.code : 'ERROR',
    message,
    typeof body.path === 'string' ? body.path : undefined,
  );
}
