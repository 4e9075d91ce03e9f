import type { MailServer } from './email.options.js';

const LONGEST_ANSWER = 500;
/** Nodemailer's codes for a server that was not reached, or went away before it answered. */
const NO_ANSWER = new Set(['ECONNECTION', 'ESOCKET', 'ETIMEDOUT', 'EDNS', 'EPROTOCOL']);

/** The message was not sent, and sending it again would not help. */
export class EmailError extends Error {
  override readonly name: string = 'EmailError';

  constructor(
    readonly code: string,
    message: string,
  ) {
    super(message);
  }
}

/** The message was not sent this time: the server was not reached, or answered "later". The task tries again. */
export class TemporaryEmailError extends EmailError {
  override readonly name = 'TemporaryEmailError';
}

interface SmtpFailure {
  message?: string;
  code?: string;
  responseCode?: number;
  response?: string;
  /** One for each recipient that was refused. */
  rejectedErrors?: SmtpFailure[];
}

/** What went wrong, in words that hold no secret: the original error is left behind, with all it may carry. */
export function toEmailError(error: unknown, { auth, host, port }: MailServer): EmailError {
  const failure = error as SmtpFailure;
  const answers = [failure, ...(failure.rejectedErrors ?? [])];
  // one recipient to try again for is reason enough
  const answer = answers.find(isTemporary) ?? failure;
  const temporary =
    isTemporary(answer) || (answer.responseCode === undefined && NO_ANSWER.has(failure.code ?? ''));
  const words =
    answer.response === undefined
      ? `the message did not get through to the mail server ${host}:${port} (${failure.code ?? 'unknown'}): ${failure.message ?? ''}`
      : `the mail server ${host}:${port} refused the message: ${answer.response}`;
  const message = redact(words, auth).replaceAll(/\s+/g, ' ').slice(0, LONGEST_ANSWER);
  return temporary
    ? new TemporaryEmailError('EMAIL_NOT_SENT_YET', message)
    : new EmailError('EMAIL_REFUSED', message);
}

function isTemporary({ responseCode = 0 }: SmtpFailure): boolean {
  return responseCode >= 400 && responseCode < 500;
}

/** Some servers repeat what they were sent. */
function redact(text: string, auth: MailServer['auth']): string {
  if (!auth?.pass) return text;
  const { user, pass } = auth;
  const base64 = [pass, `\0${user}\0${pass}`].map((secret) => Buffer.from(secret).toString('base64'));
  return [pass, encodeURIComponent(pass), ...base64].reduce(
    (left, form) => left.replaceAll(form, '***'),
    text,
  );
}
