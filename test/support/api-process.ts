import { NodeProcess } from './node-process.js';
import { until } from './until.js';

/** `node dist/main.js` without a worker, on a port of the system's choice. */
export class ApiProcess extends NodeProcess {
  url = '';

  private constructor(environment: NodeJS.ProcessEnv) {
    super('dist/main.js', [], environment);
  }

  /** Resolves when it listens. */
  static async start(databaseUrl: string, environment: NodeJS.ProcessEnv = {}): Promise<ApiProcess> {
    const api = new ApiProcess({ DATABASE_URL: databaseUrl, PORT: '0', WORKER: 'none', ...environment });
    api.url = await until(
      'the API says where it listens',
      () => {
        if (!api.isRunning) throw new Error(`the API ended at its start: ${api.lastWords}`);
        return /http:\/\/127\.0\.0\.1:\d+(?=\/tasks)/.exec(api.log)?.[0];
      },
      60_000,
    );
    return api;
  }

  async submit(task: string, body: object): Promise<Answer> {
    const since = performance.now();
    const response = await fetch(`${this.url}/tasks/${task}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(10_000),
    });
    const answer = (await response.json()) as Pick<Answer, 'body'>['body'];
    return {
      status: response.status,
      retryAfter: response.headers.get('retry-after'),
      body: answer,
      ms: performance.now() - since,
    };
  }
}

export interface Answer {
  readonly status: number;
  readonly retryAfter: string | null;
  readonly body: { id?: string; code?: string; message?: string };
  readonly ms: number;
}
