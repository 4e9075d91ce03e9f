import { Logger } from '@nestjs/common';

/** More are dropped: whoever wants to miss none asks for records. */
const MAX_EVENTS = 5000;
/** NOTIFY takes less than 8,000 bytes. */
const MAX_BYTES = 7000;

/** Events on their way to other processes, many in a message. */
export class EventMessages {
  private readonly logger = new Logger('Tasks');
  private waiting: string[] = [];
  private dropped = 0;

  constructor(private readonly from: string) {}

  get size(): number {
    return this.waiting.length;
  }

  add(event: object): void {
    if (this.waiting.length < MAX_EVENTS) this.waiting.push(JSON.stringify(event));
    else if (this.dropped++ === 0)
      this.logger.warn(`more than ${MAX_EVENTS} events wait to be sent: some are not heard elsewhere`);
  }

  /** All that waits; an event that would not fit into a message is left out. */
  take(): string[] {
    const messages: string[] = [];
    let fitting: string[] = [];
    let bytes = 0;
    const close = () => {
      if (fitting.length > 0) messages.push(`{"f":"${this.from}","e":[${fitting.join()}]}`);
      [fitting, bytes] = [[], 0];
    };
    for (const event of this.waiting) {
      const size = Buffer.byteLength(event) + 1;
      if (size > MAX_BYTES) continue;
      if (bytes + size > MAX_BYTES) close();
      fitting.push(event);
      bytes += size;
    }
    close();
    this.waiting = [];
    this.dropped = 0;
    return messages;
  }
}
