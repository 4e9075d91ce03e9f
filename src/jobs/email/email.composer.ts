import type { SendMailOptions } from 'nodemailer';
import type { Address } from './email.address.js';
import type { CheckedMessage } from './email.types.js';

/**
 * What Nodemailer needs of a message. Its Message-ID comes from the task's id: should a message be sent twice, because
 * its worker died before the result was recorded, mail servers and programs can tell that it is the same one.
 */
export function composeMessage(
  message: CheckedMessage,
  taskId: string,
  defaultFrom: Address,
): SendMailOptions {
  const from = message.from ?? defaultFrom;
  const domain = from.address.slice(from.address.lastIndexOf('@') + 1);
  return {
    messageId: `<${taskId}@${domain}>`,
    from,
    to: message.to,
    cc: message.cc,
    bcc: message.bcc,
    replyTo: message.replyTo,
    subject: message.subject,
    text: message.text,
    html: message.html,
    attachments: message.attachments.map(({ name, content }) => ({ filename: name, content })),
    // a message is what was given, never a file or a page that it points to
    disableFileAccess: true,
    disableUrlAccess: true,
  };
}
