import { Option, type Command } from 'commander';
import type { ScheduleRecord } from '../../schedule/schedule-record.js';
import type { ScheduleService } from '../../schedule/schedule.service.js';
import { withConnection } from '../connection.js';
import { CliError } from '../errors.js';
import { EXIT, type ExitCode } from '../exit-codes.js';
import { withSchedule } from '../find-schedule.js';
import { forEach } from '../for-each.js';
import type { Output } from '../globals.js';
import type { Acts } from '../program.js';
import { showResult } from '../show-result.js';
import { showSchedule } from '../show-schedules.js';
import { plural } from '../terminal/words.js';
import { addSaving } from './schedule-save.js';

export function addSchedule(program: Command, acts: Acts): void {
  const schedule = program
    .command('schedule')
    .description('Makes, shows, changes, pauses, runs and deletes schedules.')
    .helpCommand(false)
    .addHelpText(
      'after',
      `
Crontabs follow the application's time zone, which its workers tell, unless --timezone names another.

Examples:
  celeriac list schedules
  celeriac schedule create nightly report.create daily --crontab '0 3 * * *' --timezone Europe/Berlin
  celeriac schedule change nightly --every 2h --overlap skip`,
    );
  addSaving(schedule, acts);
  const show = schedule
    .command('show')
    .description('tells all about one, and its next runs')
    .argument('<schedule>', 'its name or id');
  acts(show, showOne);
  addForEach(schedule, acts, 'pause', 'no more ticks until it is resumed', (schedules, name, by) =>
    schedules.pause(name, by),
  );
  addForEach(schedule, acts, 'resume', 'ticks again, from now on', (schedules, name, by) =>
    schedules.resume(name, by),
  );
  const run = schedule
    .command('run')
    .description('submits its task now, beside its ticks, paused or not; prints the id')
    .argument('<schedule>', 'its name or id')
    .option('-w, --wait', 'wait for the result, as celeriac result does')
    .addOption(new Option('-t, --timeout <time>', 'how long to wait').default(undefined, 'for ever'));
  acts(run, runOne);
  addForEach(
    schedule,
    acts,
    'delete',
    'deletes it, after a question; one that the code declares can only be paused',
    (schedules, name, by) => schedules.delete(name, by),
    (names) => `Delete ${plural(names.length, 'schedule')}, ${names.join(', ')}?`,
  );
}

/** @param asks a question before it is done */
function addForEach(
  parent: Command,
  acts: Acts,
  verb: 'pause' | 'resume' | 'delete',
  description: string,
  act: (schedules: ScheduleService, name: string, by: { by: string }) => Promise<ScheduleRecord>,
  asks?: (names: readonly string[]) => string,
): void {
  const command = parent.command(verb).description(description).argument('<schedules...>', 'names or ids');
  if (asks) command.option('-f, --force', 'do not ask');
  acts(command, async (output: Output, names: string[], { force = false }: { force?: boolean }) => {
    if (asks && !force && !(await output.io.confirm(asks(names))))
      throw new CliError(`nothing was ${verb}d: say yes, or give --force`, EXIT.usage);
    return forEach(output, names, { schedules: true }, ({ schedules }, name) =>
      withSchedule(schedules, name, async () => {
        const schedule = await act(schedules, name, { by: output.io.user });
        return { answer: schedule, line: `${verb}d: ${schedule.name}` };
      }),
    );
  });
}

async function showOne(output: Output, name: string): Promise<void> {
  await withConnection(
    output.options,
    output.io,
    ({ schedules }) =>
      withSchedule(schedules, name, async () => {
        const schedule = await schedules.get(name);
        const preview = await schedules.previewUpdate(name);
        output.answer({ ...schedule, runs: preview.runs }, () => showSchedule(output, schedule, preview));
      }),
    { schedules: true },
  );
}

async function runOne(
  output: Output,
  name: string,
  flags: { wait?: boolean; timeout?: string },
): Promise<ExitCode> {
  return withConnection(
    output.options,
    output.io,
    async (connection) => {
      const { schedules, administration, tasks } = connection;
      const handle = await withSchedule(schedules, name, async () => {
        const { task } = await schedules.get(name);
        // its code, which is not at hand, says where it goes
        const queue = (await administration.registered()).find((known) => known.name === task)?.queue;
        return schedules.runNow(name, { by: output.io.user, queue });
      });
      if (flags.wait) return showResult(connection, output, handle.id, flags);
      output.answer(await tasks.record(handle.id), () => output.line(handle.id));
      return EXIT.ok;
    },
    { publishes: true, schedules: true },
  );
}
