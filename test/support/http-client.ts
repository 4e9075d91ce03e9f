export interface HttpAnswer<Body = Record<string, unknown>> {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Body;
}

/** Asks an application, and reads its answer as JSON. */
export class HttpClient {
  constructor(
    private readonly url: string,
    private readonly headers: Readonly<Record<string, string>> = {},
  ) {}

  /** The same client with a header of each request. */
  with(headers: Readonly<Record<string, string>>): HttpClient {
    return new HttpClient(this.url, { ...this.headers, ...headers });
  }

  /** The same client with a key. */
  as(key: string): HttpClient {
    return this.with({ authorization: `Bearer ${key}` });
  }

  get<Body = Record<string, unknown>>(path: string): Promise<HttpAnswer<Body>> {
    return this.ask<Body>(path);
  }

  /** `body` goes as JSON; a text as it is, a form as multipart. Without one nothing is sent. */
  post<Body = Record<string, unknown>>(
    path: string,
    body?: unknown,
    headers: Record<string, string> = {},
  ): Promise<HttpAnswer<Body>> {
    if (body === undefined || body instanceof FormData)
      return this.ask<Body>(path, { method: 'POST', headers, ...(body && { body }) });
    return this.ask<Body>(path, {
      method: 'POST',
      body: typeof body === 'string' ? body : JSON.stringify(body),
      headers: { 'content-type': 'application/json', ...headers },
    });
  }

  patch<Body = Record<string, unknown>>(path: string, body: unknown): Promise<HttpAnswer<Body>> {
    const headers = { 'content-type': 'application/json' };
    return this.ask<Body>(path, { method: 'PATCH', body: JSON.stringify(body), headers });
  }

  delete<Body = Record<string, unknown>>(path: string): Promise<HttpAnswer<Body>> {
    return this.ask<Body>(path, { method: 'DELETE' });
  }

  private async ask<Body>(path: string, request: RequestInit = {}): Promise<HttpAnswer<Body>> {
    const headers = { ...this.headers, ...(request.headers as Record<string, string> | undefined) };
    const response = await fetch(this.url + path, { ...request, headers });
    const text = await response.text();
    const body = (text === '' ? {} : JSON.parse(text)) as Body;
    return { status: response.status, headers: response.headers, body };
  }
}
