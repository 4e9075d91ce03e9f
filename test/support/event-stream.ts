import { until } from './until.js';

export interface ServerEvent {
  readonly type: string | undefined;
  readonly id: string | undefined;
  /** Parsed, if there was any. */
  readonly data: Record<string, unknown> | undefined;
}

/** A client of server-sent events that notes all it gets. */
export class EventStream {
  readonly events: ServerEvent[] = [];
  readonly comments: string[] = [];
  ended = false;
  private readonly left = new AbortController();

  private constructor(readonly response: Response) {}

  /** Resolves when the server has answered. */
  static async open(url: string, headers: Record<string, string> = {}): Promise<EventStream> {
    const left = new AbortController();
    const response = await fetch(url, { headers, signal: left.signal });
    const stream = new EventStream(response);
    stream.left.signal.addEventListener('abort', () => left.abort());
    void stream.read();
    return stream;
  }

  /** Resolves with all events when the server has ended the stream. */
  async all(deadlineMs?: number): Promise<ServerEvent[]> {
    await until('the stream ends', () => this.ended, deadlineMs);
    return this.events;
  }

  /** Goes away without a word, as a browser's tab does. */
  leave(): void {
    this.left.abort();
  }

  private async read(): Promise<void> {
    let rest = '';
    try {
      for await (const chunk of this.response.body!.pipeThrough(new TextDecoderStream())) {
        const blocks = (rest + chunk).split('\n\n');
        rest = blocks.pop()!;
        for (const block of blocks) this.take(block);
      }
    } catch {
      // it was left, or the server broke off
    }
    this.ended = true;
  }

  private take(block: string): void {
    const fields = new Map<string, string>();
    for (const line of block.split('\n')) {
      const at = line.indexOf(':');
      if (at === 0) this.comments.push(line.slice(1).trim());
      else if (at > 0) fields.set(line.slice(0, at), line.slice(at + 1).trim());
    }
    if (fields.size === 0) return;
    const data = fields.get('data');
    this.events.push({
      type: fields.get('event'),
      id: fields.get('id'),
      data: data ? (JSON.parse(data) as Record<string, unknown>) : undefined,
    });
  }
}
