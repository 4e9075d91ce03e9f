/** One message of Postgres' protocol, header included. */
export interface Frame {
  /** The letter; '' for the client's first message, which has none. */
  readonly type: string;
  readonly bytes: Buffer;
}

/** What a client asks for: the name of a prepared statement, or the text of a simple query such as COMMIT. */
export interface Statement {
  readonly name: string;
  /** The ids among its parameters, each once. */
  readonly ids: readonly string[];
}

/** Cuts a stream into messages. */
export class FrameCutter {
  private rest: Buffer = Buffer.alloc(0);

  constructor(private untyped: boolean) {}

  push(chunk: Buffer): Frame[] {
    this.rest = this.rest.length === 0 ? chunk : Buffer.concat([this.rest, chunk]);
    const frames: Frame[] = [];
    for (;;) {
      const header = this.untyped ? 0 : 1;
      if (this.rest.length < header + 4) return frames;
      const end = header + this.rest.readUInt32BE(header);
      if (this.rest.length < end) return frames;
      const type = this.untyped ? '' : String.fromCharCode(this.rest[0]!);
      frames.push({ type, bytes: this.rest.subarray(0, end) });
      this.rest = this.rest.subarray(end);
      this.untyped = false;
    }
  }
}

const UUID = /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/g;

/** The statement that a Bind or a simple Query names; undefined for other messages. */
export function statementOf({ type, bytes }: Frame): Statement | undefined {
  if (type === 'Q') return { name: bytes.toString('utf8', 5, bytes.length - 1), ids: [] };
  if (type !== 'B') return undefined;
  // Bind: the portal's name, the statement's name, the parameters
  const start = bytes.indexOf(0, 5) + 1;
  const end = bytes.indexOf(0, start);
  return {
    name: bytes.toString('utf8', start, end),
    ids: [...new Set(bytes.toString('latin1', end).match(UUID))],
  };
}
