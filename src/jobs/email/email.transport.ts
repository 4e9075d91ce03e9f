import type { SendMailOptions } from 'nodemailer';
import type { EmailReceipt } from './email.types.js';

/** Where messages go to; also the injection token. */
export abstract class EmailTransport {
  /**
   * @param taskId names what is written, so that a second attempt does not write a second one
   * @throws TemporaryEmailError when another attempt may do better, EmailError otherwise
   */
  abstract send(message: SendMailOptions, taskId: string, signal: AbortSignal): Promise<EmailReceipt>;
}
