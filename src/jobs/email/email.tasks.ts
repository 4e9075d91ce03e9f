import { Injectable } from '@nestjs/common';
import { Task, TaskContext } from '../../tasks/index.js';
import { composeMessage } from './email.composer.js';
import { TemporaryEmailError } from './email.errors.js';
import { readMessage } from './email.input.js';
import { EmailSettings } from './email.options.js';
import { EmailTransport } from './email.transport.js';
import type { EmailMessage, EmailReceipt } from './email.types.js';

@Injectable()
export class EmailTasks {
  constructor(
    private readonly transport: EmailTransport,
    private readonly settings: EmailSettings,
  ) {}

  /**
   * Sends a message, or writes it to the outbox when there is no mail server. What a server refuses for now is tried
   * again for about twenty minutes, longer than greylisting takes.
   */
  @Task({
    name: 'email.send',
    http: true,
    softTimeLimit: '5m',
    retry: { for: [TemporaryEmailError], max: 8, delay: '5s', backoff: true },
  })
  async send(message: EmailMessage, ctx: TaskContext): Promise<EmailReceipt> {
    const composed = composeMessage(readMessage(message), ctx.id, this.settings.from);
    await ctx.progress(0, 1, 'sending');
    const receipt = await this.transport.send(composed, ctx.id, ctx.signal);
    await ctx.progress(1, 1, receipt.file === undefined ? 'sent' : 'written to the outbox');
    return receipt;
  }
}
