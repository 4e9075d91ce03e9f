import { describe, expect, it } from '@jest/globals';
import { parseAddress } from '#dist/jobs/email/email.address.js';
import { readMessage } from '#dist/jobs/email/email.input.js';
import { EmailSettings } from '#dist/jobs/email/email.options.js';

const MESSAGE = { to: 'ada@example.com', subject: 'Hello', text: 'Hi' };

const refusal = (given: unknown): string => {
  try {
    readMessage(given);
  } catch (error) {
    expect(error).toMatchObject({ code: 'INVALID_INPUT' });
    return (error as Error).message;
  }
  return 'accepted';
};

describe('an address', () => {
  it.each([
    ['ada@example.com', '', 'ada@example.com'],
    [' Ada Lovelace  <ada@example.com> ', 'Ada Lovelace', 'ada@example.com'],
    ['"Lovelace, Ada" <ada+x@sub.example.co.uk>', 'Lovelace, Ada', 'ada+x@sub.example.co.uk'],
    ['Zoë <zoë@exämple.de>', 'Zoë', 'zoë@exämple.de'],
    ['root@localhost', '', 'root@localhost'],
  ])('%j is read', (text, name, address) => {
    expect(parseAddress(text)).toEqual({ name, address });
  });

  it.each([
    '',
    'ada',
    '@example.com',
    'ada@',
    'ada@example..com',
    'ada@-example.com',
    'a@example.com, b@example.com',
    'a@example.com;b@example.com',
    'a@example.com b@example.com',
    '"b@evil.example x"@example.com',
    'a@b@example.com',
    'Ada <a@example.com> <b@example.com>',
    'Ada\r\nBcc: b@example.com <a@example.com>',
    'a@example.com\n',
    'a\0@example.com',
    `${'a'.repeat(65)}@example.com`,
    `a@${'b'.repeat(260)}.com`,
  ])('%j is refused', (text) => {
    expect(parseAddress(text)).toBeUndefined();
  });
});

describe('a message', () => {
  it('may have one recipient or many, and attachments', () => {
    const content = Buffer.from('ÿ\0').toString('base64');
    const read = readMessage({
      ...MESSAGE,
      cc: ['b@x.org', 'C <c@x.org>'],
      attachments: [{ name: 'a.bin', content }],
    });
    expect(read.to).toEqual([{ name: '', address: 'ada@example.com' }]);
    expect(read.cc.map(({ address }) => address)).toEqual(['b@x.org', 'c@x.org']);
    expect(read.attachments).toEqual([{ name: 'a.bin', content: Buffer.from('ÿ\0') }]);
  });

  it.each([
    [null, 'message: expected an object with to, subject'],
    [[MESSAGE], 'message: expected an object with to, subject'],
    [{ ...MESSAGE, raw: 'x' }, 'message: expected an object with to, subject'],
    [{ subject: 'x', text: 'y' }, 'message.to.0: expected one address'],
    [{ ...MESSAGE, to: [] }, 'message.to: expected at least one address, got an array of 0'],
    [{ ...MESSAGE, to: ['a@x.org', 7] }, 'message.to.1: expected one address such as'],
    [
      { ...MESSAGE, to: Array.from({ length: 101 }, () => 'a@x.org') },
      'message: expected at most 100 recipients',
    ],
    [{ ...MESSAGE, text: undefined }, 'message: expected text or html'],
    [{ ...MESSAGE, text: { path: '/etc/passwd' } }, 'message.text: expected a text'],
    [{ ...MESSAGE, subject: undefined }, 'message.subject: expected a text'],
    [
      { ...MESSAGE, attachments: [{ name: 'a', content: 'no base64!' }] },
      'message.attachments.0.content: expected a text in base64',
    ],
    [{ ...MESSAGE, attachments: [{ name: 'a', path: '/etc/passwd' }] }, 'message.attachments.0'],
    [
      { ...MESSAGE, attachments: Array.from({ length: 11 }, () => ({ name: 'a', content: '' })) },
      'message.attachments: ',
    ],
    [
      { ...MESSAGE, attachments: [{ name: 'a', content: Buffer.alloc(4 * 2 ** 20 + 1).toString('base64') }] },
      'message: expected attachments of at most 4194304 bytes together',
    ],
  ])('that is wrong is refused with what was expected (%#)', (given, words) => {
    expect(refusal(given)).toContain(words);
  });

  it.each([
    ['subject', 'Hi\r\nBcc: b@evil.example'],
    ['subject', 'Hi\u2028there'],
    ['from', 'Ada\nBcc: b@evil.example <a@x.org>'],
    ['replyTo', 'a@x.org\r\nX: y'],
    ['to', 'a@x.org\r\nRCPT TO:<b@evil.example>'],
  ])('cannot smuggle a header in through its %s, and the refusal is one line', (field, value) => {
    expect(refusal({ ...MESSAGE, [field]: value })).toMatch(/^message\.[\w.]+: expected .*$/);
    expect(refusal({ ...MESSAGE, attachments: [{ name: value, content: '' }] })).toMatch(
      /^message\..*name: expected .*$/,
    );
  });
});

describe('the mail server', () => {
  it('is read from a URL, with the usual ports', () => {
    expect(new EmailSettings({ smtpUrl: 'smtp://mail.example.com' }).server).toMatchObject({
      port: 587,
      secure: false,
    });
    expect(new EmailSettings({ smtpUrl: 'smtps://u%40x:p%2F@[::1]' }).server).toMatchObject({
      host: '::1',
      port: 465,
      secure: true,
      auth: { user: 'u@x', pass: 'p/' },
    });
  });

  it('never gets a password unencrypted, unless it is on this machine', () => {
    expect(new EmailSettings({ smtpUrl: 'smtp://u:p@mail.example.com' }).server?.requireTLS).toBe(true);
    expect(new EmailSettings({ smtpUrl: 'smtp://u:p@127.0.0.1' }).server?.requireTLS).toBe(false);
    expect(new EmailSettings({ smtpUrl: 'smtp://mail.example.com' }).server?.requireTLS).toBe(false);
  });

  it.each([
    'http://u:hidden@x',
    'smtp://',
    'u:hidden@x',
    'smtp://u:hidden@x/?pool=true',
    'smtp://u:hidden%@x',
  ])('is not read from %s; the refusal does not repeat the password', (smtpUrl) => {
    const make = () => new EmailSettings({ smtpUrl });
    expect(make).toThrow('smtpUrl: expected smtp://user:password@host:587');
    expect(make).not.toThrow(/hidden/);
  });

  it('has a default sender, which must be an address', () => {
    expect(() => new EmailSettings({ from: 'nobody' })).toThrow('from: expected an address such as');
  });
});
