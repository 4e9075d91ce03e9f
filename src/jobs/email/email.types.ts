import type { Address } from './email.address.js';

export interface EmailAttachment {
  /** The name the recipient sees; its ending tells the type. */
  name: string;
  /** In base64. */
  content: string;
}

/** The argument of the task `email.send`. Addresses are `a@example.com` or `Ada <a@example.com>`. */
export interface EmailMessage {
  to: string | string[];
  subject: string;
  /** One of `text` and `html` is needed; with both, the recipient's program chooses. */
  text?: string | undefined;
  html?: string | undefined;
  /** Default: the module's option `from`. */
  from?: string | undefined;
  cc?: string | string[] | undefined;
  bcc?: string | string[] | undefined;
  replyTo?: string | undefined;
  /** At most 10, together at most 4 MiB. */
  attachments?: EmailAttachment[] | undefined;
}

/** A message whose every part was checked. */
export interface CheckedMessage {
  to: Address[];
  cc: Address[];
  bcc: Address[];
  from: Address | undefined;
  replyTo: Address | undefined;
  subject: string;
  text: string | undefined;
  html: string | undefined;
  attachments: { name: string; content: Buffer }[];
}

/** The result of the task `email.send`. */
export interface EmailReceipt {
  messageId: string;
  /** The recipients whom the mail server took the message for. */
  accepted: string[];
  /** Those it refused; the task only fails when it refused all. */
  rejected: string[];
  /** The name of the file in the outbox, when there is no mail server. */
  file?: string;
}
