import { z } from 'zod';
import { InvalidOptionError } from '../../tasks/index.js';
import { parseAddress } from './email.address.js';
import type { CheckedMessage } from './email.types.js';

const MOST_RECIPIENTS = 100;
const MOST_ATTACHMENTS = 10;
/** In base64 they must fit into the arguments of a task, of which there are 8 MiB at most. */
const MOST_ATTACHED_BYTES = 4 * 2 ** 20;
const LONGEST_BODY = 1_000_000;
const LONGEST_LINE = 500;

const address = z.unknown().transform((given, context) => {
  const parsed = typeof given === 'string' ? parseAddress(given) : undefined;
  if (parsed) return parsed;
  const message = "one address such as 'a@example.com' or 'Ada <a@example.com>'";
  context.addIssue({ code: 'custom', message, input: given });
  return z.NEVER;
});
const oneOrMany = z
  .unknown()
  .transform((given) => (Array.isArray(given) ? (given as unknown[]) : [given]))
  .pipe(z.array(address));
/** What becomes part of a header: a line break in it would begin another header. */
const line = z.custom<string>(
  (given) =>
    typeof given === 'string' && given.length <= LONGEST_LINE && !/[\p{Cc}\u2028\u2029]/u.test(given),
  `a text of at most ${LONGEST_LINE} characters without line breaks`,
);
const body = z.custom<string>(
  (given) => typeof given === 'string' && given.length <= LONGEST_BODY,
  `a text of at most ${LONGEST_BODY} characters`,
);
const base64 = z
  .custom<string>(
    (given) => typeof given === 'string' && given.length % 4 === 0 && /^[A-Za-z\d+/]*={0,2}$/.test(given),
    'a text in base64',
  )
  .transform((text) => Buffer.from(text, 'base64'));
const attachment = z.strictObject(
  { name: line.refine((name) => name !== '', 'a name'), content: base64 },
  'an object with name and content, and no more',
);

const schema = z
  .strictObject(
    {
      to: oneOrMany.refine((list) => list.length > 0, 'at least one address'),
      cc: oneOrMany.optional(),
      bcc: oneOrMany.optional(),
      from: address.optional(),
      replyTo: address.optional(),
      subject: line,
      text: body.optional(),
      html: body.optional(),
      attachments: z.array(attachment, 'an array of attachments').max(MOST_ATTACHMENTS).default([]),
    },
    'an object with to, subject, text, html, from, cc, bcc, replyTo and attachments, and no more',
  )
  .refine(({ text, html }) => text !== undefined || html !== undefined, 'text or html')
  .refine(
    ({ to, cc = [], bcc = [] }) => to.length + cc.length + bcc.length <= MOST_RECIPIENTS,
    `at most ${MOST_RECIPIENTS} recipients: submit several tasks`,
  )
  .refine(
    ({ attachments }) =>
      attachments.reduce((sum, { content }) => sum + content.length, 0) <= MOST_ATTACHED_BYTES,
    `attachments of at most ${MOST_ATTACHED_BYTES} bytes together: send a link instead`,
  );

/** @throws InvalidOptionError naming the first part that is wrong */
export function readMessage(given: unknown): CheckedMessage {
  const { data, error } = schema.safeParse(given, { reportInput: true });
  if (error) {
    const issue = error.issues[0]!;
    const where = ['message', ...issue.path].join('.');
    throw new InvalidOptionError(where, issue.message, inOneLine(issue.input), 'INVALID_INPUT');
  }
  const { to, cc = [], bcc = [], from, replyTo, subject, text, html, attachments } = data;
  return { to, cc, bcc, from, replyTo, subject, text, html, attachments };
}

/** The error that quotes it goes to logs, where a line break would look like another entry. */
function inOneLine(given: unknown): unknown {
  return typeof given === 'string' ? given.replaceAll(/[\p{Cc}\u2028\u2029]/gu, '\uFFFD') : given;
}
