/** The parts of a request that tell where it came in. */
export interface LinkedRequest {
  readonly originalUrl?: string;
  readonly url: string;
}

/** Links to a task, under the path as the request came in (prefix included), or under the public URL. */
export class TaskLinks {
  private readonly root: string;

  /** @param publicUrl stands for the root of the application, whatever path a proxy puts before it */
  constructor(publicUrl: string | undefined) {
    this.root = publicUrl?.replace(/\/+$/, '') ?? '';
  }

  /** @param request that of `POST …/:name`: what comes before the name leads to the tasks */
  of(request: LinkedRequest, id: string): { statusUrl: string; eventsUrl: string } {
    const statusUrl = `${this.tasksUrl(request)}/${id}`;
    return { statusUrl, eventsUrl: `${statusUrl}/events` };
  }

  /** @param request that of `POST …/workflows` */
  ofWorkflow(request: LinkedRequest, id: string) {
    return { ...this.of(request, id), workflowUrl: `${this.tasksUrl(request)}/workflows/${id}` };
  }

  private tasksUrl(request: LinkedRequest): string {
    const came = (request.originalUrl ?? request.url).split('?')[0]!.replace(/\/+$/, '');
    return `${this.root}${came.slice(0, came.lastIndexOf('/'))}`;
  }
}
