import type { OnApplicationShutdown } from '@nestjs/common';
import { createTransport, type SendMailOptions } from 'nodemailer';
import { toEmailError } from './email.errors.js';
import type { MailServer } from './email.options.js';
import { EmailTransport } from './email.transport.js';
import type { EmailReceipt } from './email.types.js';

/** Sends messages to a mail server, over a few connections that are kept while there is something to send. */
export class SmtpTransport extends EmailTransport implements OnApplicationShutdown {
  private readonly pool;

  constructor(private readonly server: MailServer) {
    super();
    const { host, port, secure, requireTLS, auth, ca } = server;
    this.pool = createTransport({
      pool: true,
      host,
      port,
      secure,
      requireTLS,
      auth,
      tls: ca === undefined ? undefined : { ca },
      connectionTimeout: 10_000,
      dnsTimeout: 10_000,
      greetingTimeout: 10_000,
      socketTimeout: 60_000,
      // the task tries again, where it can be seen
      maxRequeues: 0,
    });
  }

  override async send(message: SendMailOptions, _taskId: string, signal: AbortSignal): Promise<EmailReceipt> {
    signal.throwIfAborted();
    try {
      const { messageId, accepted, rejected } = await this.pool.sendMail({ ...message, signal });
      return { messageId, accepted: accepted.map(plain), rejected: rejected.map(plain) };
    } catch (error) {
      signal.throwIfAborted();
      throw toEmailError(error, this.server);
    }
  }

  /** Nest calls this last of all, when no task runs any more. */
  onApplicationShutdown(): void {
    this.pool.close({ force: true });
  }
}

function plain(recipient: string | { address?: string | undefined }): string {
  return typeof recipient === 'string' ? recipient : (recipient.address ?? '');
}
