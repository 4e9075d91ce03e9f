export interface HttpAnswer<Body = Record<string, unknown>> {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Body;
}

/** Asks an application, and reads its answer as the JSON that all of them are. */
export class HttpClient {
  constructor(private readonly url: string) {}

  get<Body = Record<string, unknown>>(path: string): Promise<HttpAnswer<Body>> {
    return this.ask<Body>(path);
  }

  /** `body` goes as JSON; a text as it is, a form as multipart. */
  post<Body = Record<string, unknown>>(
    path: string,
    body: unknown,
    headers: Record<string, string> = {},
  ): Promise<HttpAnswer<Body>> {
    if (body instanceof FormData) return this.ask<Body>(path, { method: 'POST', body, headers });
    return this.ask<Body>(path, {
      method: 'POST',
      body: typeof body === 'string' ? body : JSON.stringify(body),
      headers: { 'content-type': 'application/json', ...headers },
    });
  }

  private async ask<Body>(path: string, request?: RequestInit): Promise<HttpAnswer<Body>> {
    const response = await fetch(this.url + path, request);
    return { status: response.status, headers: response.headers, body: (await response.json()) as Body };
  }
}
