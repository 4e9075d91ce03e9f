import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { createTransport, type SendMailOptions } from 'nodemailer';
import { writeWhole } from '../files/write-whole.js';
import { EmailTransport } from './email.transport.js';
import type { EmailReceipt } from './email.types.js';

/** Writes messages to a folder instead of sending them: a file each, that any mail program opens. */
export class OutboxTransport extends EmailTransport {
  private readonly composer = createTransport({ streamTransport: true, buffer: true, newline: 'windows' });

  constructor(private readonly folder: string) {
    super();
  }

  override async send(message: SendMailOptions, taskId: string, signal: AbortSignal): Promise<EmailReceipt> {
    const { messageId, envelope, message: bytes } = await this.composer.sendMail({ ...message, signal });
    signal.throwIfAborted();
    const file = `${taskId}.eml`;
    await mkdir(this.folder, { recursive: true });
    await writeWhole(join(this.folder, file), bytes as Buffer);
    return { messageId, accepted: envelope.to, rejected: [], file };
  }
}
