import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { EmailModule } from '#dist/jobs/email/email.module.js';
import type { EmailOptions } from '#dist/jobs/email/email.options.js';
import { EmailTasks } from '#dist/jobs/email/email.tasks.js';
import type { TaskContext, TaskHandle, TaskRecord } from '#dist/tasks/index.js';
import { createApplication, type TestApplication } from '../support/application.js';
import { createDatabase, type TestDatabase } from '../support/database.js';
import { answer, type MailServer, type MailServerOptions, startMailServer } from '../support/mail-server.js';
import { createScratchFolder, type ScratchFolder } from '../support/scratch-folder.js';
import { createSelfSigned } from '../support/self-signed.js';
import { until } from '../support/until.js';

const MESSAGE = { to: 'ada@example.com', subject: 'Grüße', text: 'Hällo\n.\nend' };
const AT_ONCE = { retry: { delay: 0 } };
const TIMEOUT = { timeout: '20s' } as const;

let database: TestDatabase;
let folder: ScratchFolder;
const opened: { close(): Promise<void> }[] = [];

beforeAll(async () => {
  database = await createDatabase();
  folder = await createScratchFolder('email');
});
afterEach(async () => {
  for (const one of opened.splice(0).toReversed()) await one.close();
});
afterAll(async () => {
  await folder.remove();
  await database.drop();
});

async function serve(options?: MailServerOptions): Promise<MailServer> {
  const server = await startMailServer(options);
  opened.push(server);
  return server;
}

async function start(options: EmailOptions): Promise<TestApplication> {
  const application = await createApplication(database.url, { imports: [EmailModule.forRoot(options)] });
  opened.push(application);
  await application.startWorker();
  return application;
}

async function ended(handle: TaskHandle): Promise<TaskRecord> {
  await handle.get(TIMEOUT).catch(() => undefined);
  return handle.record();
}

describe('email.send over SMTP', () => {
  it('delivers a message once, as it was given, under an id that comes from the task', async () => {
    const server = await serve();
    const { tasks } = await start({
      smtpUrl: `smtp://127.0.0.1:${server.port}`,
      from: 'Shop <shop@example.com>',
    });
    const sent = await tasks.of(EmailTasks).send.delay({
      ...MESSAGE,
      to: ['Ada <ada@example.com>', 'bob@example.com'],
      cc: 'cy@example.com',
      bcc: 'dan@example.com',
      replyTo: 'desk@example.com',
      html: '<p>Hi</p>',
      attachments: [{ name: 'note.txt', content: Buffer.from('attached').toString('base64') }],
    });
    const messageId = `<${sent.id}@example.com>`;
    const to = ['ada@example.com', 'bob@example.com', 'cy@example.com', 'dan@example.com'];
    expect(await sent.get(TIMEOUT)).toEqual({ messageId, accepted: to, rejected: [] });
    expect(server.deliveries).toMatchObject([{ from: 'shop@example.com', to }]);
    const { source } = server.deliveries[0]!;
    for (const part of [
      `Message-ID: ${messageId}`,
      'From: Shop <shop@example.com>',
      'To: Ada <ada@example.com>, bob@example.com',
      'Reply-To: desk@example.com',
      'Subject: =?UTF-8?Q?Gr=C3=BC=C3=9Fe?=',
      'H=C3=A4llo\r\n.\r\nend',
      '<p>Hi</p>',
      'filename=note.txt',
      Buffer.from('attached').toString('base64'),
    ])
      expect(source).toContain(part);
    expect(source).not.toContain('dan@example.com');
    expect((await sent.record()).progress).toMatchObject({ current: 1, total: 1, message: 'sent' });
  });

  it('tries again after a temporary refusal, and then delivers once', async () => {
    const refusals = [answer(451, 'busy'), answer(421, 'restarting')];
    const server = await serve({ judge: () => refusals.shift() });
    const { tasks } = await start({ smtpUrl: `smtp://127.0.0.1:${server.port}` });
    const sent = await tasks.of(EmailTasks).send.applyAsync([MESSAGE], AT_ONCE);
    await sent.get(TIMEOUT);
    expect(await sent.record()).toMatchObject({ attempt: 3, retries: 2 });
    expect(server.deliveries).toHaveLength(1);
  });

  it('fails at once on a permanent refusal, with what the server said', async () => {
    const server = await serve({ judge: () => answer(554, 'this looks like spam') });
    const { tasks } = await start({ smtpUrl: `smtp://127.0.0.1:${server.port}` });
    const { attempt, error } = await ended(await tasks.of(EmailTasks).send.delay(MESSAGE));
    expect([attempt, error?.code]).toEqual([1, 'EMAIL_REFUSED']);
    expect(error?.message).toMatch(
      /^the mail server 127\.0\.0\.1:\d+ refused the message: 554 this looks like spam$/,
    );
  });

  it('reports the recipients that the server refused, and fails when it refused all', async () => {
    const server = await serve({
      onRcptTo: ({ address }, _session, done) =>
        done(address.startsWith('gone') ? answer(550, 'no such user') : undefined),
    });
    const { tasks } = await start({ smtpUrl: `smtp://127.0.0.1:${server.port}` });
    const { send } = tasks.of(EmailTasks);
    const some = await send.delay({ ...MESSAGE, to: ['gone@x.org', 'ada@x.org'] });
    expect(await some.get(TIMEOUT)).toMatchObject({ accepted: ['ada@x.org'], rejected: ['gone@x.org'] });
    const none = await ended(await send.delay({ ...MESSAGE, to: ['gone@x.org'] }));
    expect(none).toMatchObject({ state: 'FAILURE', attempt: 1, error: { name: 'EmailError' } });
  });

  it('tries again when no server answers', async () => {
    const server = await serve();
    await server.close();
    const { tasks } = await start({ smtpUrl: `smtp://127.0.0.1:${server.port}` });
    const record = await ended(
      await tasks.of(EmailTasks).send.applyAsync([MESSAGE], { retry: { delay: 0, max: 1 } }),
    );
    expect(record).toMatchObject({ state: 'FAILURE', attempt: 2, error: { name: 'TemporaryEmailError' } });
    expect(record.error?.message).toContain('did not get through to the mail server');
  });

  it('keeps the password out of records and logs, even when the server repeats it', async () => {
    const lines: unknown[] = [];
    const log = (...line: unknown[]): void => void lines.push(line);
    Logger.overrideLogger({ log, error: log, warn: log, debug: log, verbose: log, fatal: log });
    const password = 'pa55/wörd';
    const server = await serve({
      onAuth: (auth, _session, done) => done(answer(535, `wrong password ${auth.password}`)),
    });
    const { tasks } = await start({
      smtpUrl: `smtp://ada:${encodeURIComponent(password)}@127.0.0.1:${server.port}`,
    });
    Logger.overrideLogger({ log, error: log, warn: log, debug: log, verbose: log, fatal: log });
    const sent = await tasks.of(EmailTasks).send.delay(MESSAGE);
    const record = await ended(sent);
    Logger.overrideLogger(false);
    expect(record.error?.message).toContain('535 wrong password ***');
    const said = JSON.stringify([record, await tasks.history(sent.id), lines]);
    for (const form of [password, encodeURIComponent(password), Buffer.from(password).toString('base64')])
      expect(said).not.toContain(form);
  });

  it('speaks TLS from the start with smtps, to servers whose certificate it can check', async () => {
    const certificate = await createSelfSigned();
    const server = await serve({ secure: true, ...certificate });
    const smtpUrl = `smtps://127.0.0.1:${server.port}`;
    const trusting = await start({ smtpUrl, ca: certificate.cert });
    await (await trusting.tasks.of(EmailTasks).send.delay(MESSAGE)).get(TIMEOUT);
    expect(server.deliveries).toHaveLength(1);
    await trusting.close();

    const { tasks } = await start({ smtpUrl });
    const record = await ended(await tasks.of(EmailTasks).send.applyAsync([MESSAGE], { retry: false }));
    expect(record.error?.message).toContain('certificate');
    expect(server.deliveries).toHaveLength(1);
  });

  it('stops sending when the task is revoked', async () => {
    let arrived = false;
    let release = (): void => undefined;
    const held = new Promise<undefined>((resolve) => (release = () => resolve(undefined)));
    const server = await serve({ judge: () => ((arrived = true), held) });
    const { tasks } = await start({ smtpUrl: `smtp://127.0.0.1:${server.port}` });
    const sent = await tasks.of(EmailTasks).send.delay(MESSAGE);
    await until('the message arrives', () => arrived);
    await sent.revoke();
    expect((await ended(sent)).state).toBe('REVOKED');
    await until('its connection is closed', () => server.connections() === 0);
    release();
  });

  it('has no connection left when the application has closed', async () => {
    const server = await serve();
    const application = await start({ smtpUrl: `smtp://127.0.0.1:${server.port}` });
    await (await application.tasks.of(EmailTasks).send.delay(MESSAGE)).get(TIMEOUT);
    expect(server.connections()).toBe(1);
    await application.close();
    await until('the connection is closed', () => server.connections() === 0);
  });
});

describe('email.send without a mail server', () => {
  it('writes the message to the outbox, and a second attempt does not write another', async () => {
    const outbox = join(folder.path, 'outbox');
    const { app, tasks } = await start({ outbox });
    const sent = await tasks.of(EmailTasks).send.delay(MESSAGE);
    const file = `${sent.id}.eml`;
    const receipt = {
      messageId: `<${sent.id}@localhost>`,
      accepted: ['ada@example.com'],
      rejected: [],
      file,
    };
    expect(await sent.get(TIMEOUT)).toEqual(receipt);
    const context = { id: sent.id, signal: new AbortController().signal, progress: () => Promise.resolve() };
    const again = await app
      .get(EmailTasks, { strict: false })
      .send(MESSAGE, context as unknown as TaskContext);
    expect(again).toEqual(receipt);
    expect(await readdir(outbox)).toEqual([file]);
    expect(await readFile(join(outbox, file), 'utf8')).toContain(`Message-ID: ${receipt.messageId}\r\n`);
  });

  it('fails at once when the message is not one', async () => {
    const { tasks } = await start({ outbox: join(folder.path, 'unused') });
    const record = await ended(
      await tasks.submit('email.send', [{ ...MESSAGE, subject: 'a\r\nBcc: b@x.org' }]),
    );
    expect(record).toMatchObject({ state: 'FAILURE', attempt: 1, error: { code: 'INVALID_INPUT' } });
  });
});
