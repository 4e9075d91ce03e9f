/** The parts of a request that tell where it came in. */
export interface LinkedRequest {
  readonly originalUrl?: string;
  readonly url: string;
}

/** Links to a task, under the path as the request came in (prefix included), or under the public URL. */
export class TaskLinks {
  constructor(
    private readonly path: string,
    private readonly publicUrl: string | undefined,
  ) {}

  of(request: LinkedRequest, id: string): { statusUrl: string; eventsUrl: string } {
    const statusUrl = `${this.base(request)}/${id}`;
    return { statusUrl, eventsUrl: `${statusUrl}/events` };
  }

  private base(request: LinkedRequest): string {
    const came = (request.originalUrl ?? request.url).split('?')[0]!;
    const end = came.indexOf(`/${this.path}/`);
    const local = end < 0 ? `/${this.path}` : came.slice(0, end + this.path.length + 1);
    if (this.publicUrl === undefined) return local;
    // the public URL stands for the root of the application, whatever path a proxy puts before it
    return this.publicUrl.replace(/\/+$/, '') + local;
  }
}
