import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Injectable } from '@nestjs/common';
import { Schedule, Task, type ScheduleRecord } from '#dist/tasks/index.js';
import { createApplication, type TestApplication } from '../support/application.js';
import { celeriac, type CliOptions } from '../support/cli.js';
import { createDatabase, type TestDatabase } from '../support/database.js';

@Injectable()
class ReportTasks {
  @Schedule({ crontab: '0 9 * * MON-FRI', args: ['daily'] })
  @Task({ queue: 'reports' })
  create(kind: string): string {
    return `the ${kind} report`;
  }
}

describe('celeriac schedule', () => {
  let database: TestDatabase;
  let application: TestApplication;

  beforeAll(async () => {
    database = await createDatabase();
    application = await createApplication(
      database.url,
      { providers: [ReportTasks] },
      { timezone: 'Europe/Berlin' },
    );
    await application.startWorker();
  });
  afterAll(async () => {
    await application.close();
    await database.drop();
  });

  /** Words with spaces in quotes. */
  const cli = (line: string, options?: CliOptions) => {
    const words = [...line.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, bare]) => quoted ?? bare!);
    return celeriac([...words, '--database-url', database.url], options);
  };
  const json = async <T>(line: string) => JSON.parse((await cli(`${line} --json`)).out) as T;

  it("shows the next runs by the application's clock before it saves, and makes what was asked for", async () => {
    const dry = await cli(`schedule create new report.create weekly --crontab '30 2 * * *' --dry-run`);
    expect(dry).toMatchObject({ code: 0, err: '' });
    expect(dry.out).toMatch(
      /^At 02:30, every day \(Europe\/Berlin\)\nnext runs: (\w{3} \S+ 02:30:00 GMT\+[12]  in \d+[smhd]\n {0,11}){5}$/,
    );
    expect((await json<ScheduleRecord[]>('list schedules')).map(({ name }) => name)).toEqual([
      'report.create',
    ]);

    const made = await cli(
      `schedule create hourly report.create '"hourly"' --every 1h --overlap skip --catch-up all --catch-up-limit 3 ` +
        `--jitter 10s --priority 7 --queue reports --expires 30m --tag user=42 --header a=b --description 'for ann'`,
    );
    expect(made).toMatchObject({
      code: 0,
      out: expect.stringMatching(/^Every hour\nnext runs: [^]*\nsaved: hourly  [0-9a-f-]{36}\n$/),
    });
    expect(await json('schedule show hourly')).toMatchObject({
      task: 'report.create',
      args: ['hourly'],
      every: '1h',
      overlap: 'skip',
      catchUp: 'all',
      catchUpLimit: 3,
      jitter: '10s',
      priority: 7,
      queue: 'reports',
      expires: '30m',
      tags: { user: '42' },
      headers: { a: 'b' },
      description: 'for ann',
      enabled: true,
      origin: 'operator',
      runs: Array.from({ length: 5 }, () => expect.any(String)),
    });
    // computed as the application would, although the command does not have its options
    await cli(`schedule create dawn report.create x --crontab '30 2 * * *' -y`);
    const { nextAt, timezone } = await json<ScheduleRecord>('schedule show dawn');
    expect(timezone).toBe('Europe/Berlin');
    expect(new Date(nextAt!).toLocaleTimeString('en-GB', { timeZone: 'Europe/Berlin' })).toBe('02:30:00');
  });

  it('saves nothing on a terminal unless the user agrees', async () => {
    const line = 'schedule create asked report.create x --every 1h';
    expect(await cli(line, { columns: 80 })).toMatchObject({ code: 1, err: 'error: nothing was saved\n' });
    expect((await cli('schedule show asked')).code).toBe(3);
    expect((await cli(line, { columns: 80, yes: true })).code).toBe(0);
    expect((await cli('schedule delete asked', { columns: 80 })).err).toContain('nothing was deleted');
    expect(await cli('schedule delete asked -f')).toMatchObject({ code: 0, out: 'deleted: asked\n' });
  });

  it('changes what is given, and gives back what is reset', async () => {
    const changed = await cli(
      'schedule change hourly --every 2h --name every-2h --reset queue,catch-up,catch-up-limit',
    );
    expect(changed).toMatchObject({ code: 0, out: expect.stringContaining('saved: every-2h') });
    expect(await json('schedule show every-2h')).toMatchObject({
      every: '2h',
      queue: null,
      catchUp: 'once',
      catchUpLimit: null,
      overlap: 'skip',
    });
    // what the code declares keeps its name; a change of it is taken back
    await cli('schedule change report.create --timezone Asia/Tokyo');
    expect((await cli('schedule show report.create')).out).toMatch(
      /Asia\/Tokyo[^]*by the code, changed: timezone/,
    );
    await cli('schedule change report.create --reset timezone');
    expect(await json('schedule show report.create')).toMatchObject({
      timezone: 'Europe/Berlin',
      changes: [],
    });
  });

  it('pauses, resumes and runs now: by name, several at once, with who did it in the audit', async () => {
    expect(await cli('schedule pause every-2h report.create')).toMatchObject({
      code: 0,
      out: 'paused: every-2h\npaused: report.create\n',
    });
    expect((await cli('list schedules')).out).toMatch(
      /^every-2h +report\.create +Every 2 hours +- +- +0 +paused$/m,
    );
    const run = await cli('schedule run report.create --wait');
    expect(run).toEqual({ code: 0, out: 'the daily report\n', err: '' });
    const [task] = (await application.tasks.list({ name: 'report.create' })).items;
    expect(task).toMatchObject({ queue: 'reports', tags: { schedule: 'report.create' } });
    expect((await cli('schedule resume every-2h report.create')).code).toBe(0);
    const { rows } = await database.sql.query<{ action: string }>(
      `SELECT DISTINCT action FROM celeriac.audit WHERE by = 'tester@here' AND action LIKE 'schedule.%' ORDER BY 1`,
    );
    expect(rows.map(({ action }) => action)).toEqual(
      ['create', 'delete', 'pause', 'resume', 'run', 'update'].map((action) => `schedule.${action}`),
    );
  });

  it('lists them in a table that fits the terminal', async () => {
    const { code, out } = await cli('list schedules', { columns: 80 });
    expect(code).toBe(0);
    expect(out).toMatch(/^SCHEDULE +TASK +WHEN +NEXT +LAST +RUNS +STATE$/m);
    expect(out).toMatch(/^every-2h .* in \d+[mh] +- +0 +on$/m);
    for (const line of out.split('\n')) expect(line.length).toBeLessThanOrEqual(80);
  });

  it('explains mistakes in a line, and suggests what is near', async () => {
    for (const [line, code, message] of [
      ['schedule pause report.craete', 3, "did you mean 'report.create'?"],
      ['schedule create x report.craete --every 1h', 3, "did you mean 'report.create'?"],
      ['schedule create x report.create --every 10ms', 2, 'every: expected at least 1000 ms'],
      ['schedule create x report.create', 2, 'exactly one of crontab, every and at'],
      [`schedule create x report.create --crontab '0 25 * * *'`, 2, 'crontab'],
      [
        'schedule create x report.create --every 1h --overlap skp',
        2,
        'Allowed choices are allow, skip, queue',
      ],
      ['schedule create every-2h report.create --every 1h', 1, "a schedule is called 'every-2h' already"],
      ['schedule change every-2h', 2, 'say what is to change'],
      ['schedule change every-2h --reset overlp', 2, "did you mean 'overlap'?"],
      ['schedule change report.create --name other', 1, 'declared by @Schedule() in the code'],
      ['schedule delete report.create -f', 1, 'declared by @Schedule() in the code'],
      ['schedule puase x', 2, 'Did you mean pause?'],
    ] as const) {
      const answer = await cli(line);
      expect([line, answer.code, answer.err]).toEqual([line, code, expect.stringContaining(message)]);
      expect(answer.err).not.toMatch(/^ +at /m);
    }
    const { err } = await cli('schedule show nothing --json');
    expect(JSON.parse(err)).toMatchObject({ error: { code: 'SCHEDULE_NOT_FOUND' } });
  });
});
