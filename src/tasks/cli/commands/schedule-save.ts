import type { Command } from 'commander';
import type { NewSchedule } from '../../schedule/schedule-spec.js';
import type { ScheduleRecord } from '../../schedule/schedule-record.js';
import type { ScheduleChanges, SchedulePreview } from '../../schedule/schedule.service.js';
import { withConnection } from '../connection.js';
import { CliError } from '../errors.js';
import { EXIT } from '../exit-codes.js';
import { withSchedule } from '../find-schedule.js';
import type { Output } from '../globals.js';
import { knownTask } from '../known-task.js';
import { jsonOrText } from '../parsers.js';
import type { Acts } from '../program.js';
import { addScheduleFlags, fieldsOf, resettable, type ScheduleFlags } from '../schedule-flags.js';
import { showPreview } from '../show-schedules.js';

interface SaveFlags extends ScheduleFlags {
  readonly dryRun?: boolean;
  readonly yes?: boolean;
  readonly force?: boolean;
}

interface CreateFlags extends SaveFlags {
  readonly paused?: boolean;
}

interface ChangeFlags extends SaveFlags {
  readonly name?: string;
  readonly task?: string;
  readonly reset?: ReturnType<typeof resettable>;
}

/** `schedule create` and `schedule change`: both show the next runs before anything is saved. */
export function addSaving(schedule: Command, acts: Acts): void {
  const create = schedule
    .command('create')
    .description('makes one; its next runs are shown before it is saved')
    .argument('<name>', 'what it is to be called')
    .argument('<task>', "the task's name")
    .argument('[args...]', "the task's arguments: JSON, or text where that is no JSON");
  acts(saving(create).option('--paused', 'without ticks until it is resumed'), createOne);
  const change = schedule
    .command('change')
    .description('changes what is given of one; its next runs are shown before it is saved')
    .argument('<schedule>', 'its name or id');
  acts(
    saving(change)
      .option('--name <name>', 'what it is to be called from now on')
      .option('--task <task>', 'another task')
      .option(
        '--reset <fields>',
        "with commas, such as 'queue,overlap': back to what the code says, or else the default",
        resettable,
      ),
    changeOne,
  );
}

function saving(command: Command): Command {
  return addScheduleFlags(command)
    .option('--dry-run', 'show the next runs, and save nothing')
    .option('-y, --yes', 'do not ask (in a pipe nobody is asked)')
    .option('-f, --force', 'even though no worker has a task of this name');
}

async function createOne(
  output: Output,
  name: string,
  task: string,
  given: string[],
  flags: CreateFlags,
): Promise<void> {
  if (flags.args && given.length > 0)
    throw new CliError('give the arguments one by one or with --args, not both', EXIT.usage);
  const args = flags.args ?? given.map(jsonOrText);
  const schedule: NewSchedule = { ...fieldsOf(flags), name, task, args, enabled: !flags.paused };
  await withConnection(
    output.options,
    output.io,
    async (connection) => {
      const { schedules } = connection;
      await knownTask(connection, task, { force: flags.force ?? false });
      const preview = await schedules.preview(schedule);
      await save(output, flags, preview, () => schedules.create(schedule, { by: output.io.user }));
    },
    { schedules: true },
  );
}

async function changeOne(output: Output, name: string, flags: ChangeFlags): Promise<void> {
  const reset = Object.fromEntries((flags.reset ?? []).map((field) => [field, null]));
  const changes: ScheduleChanges = {
    ...reset,
    ...fieldsOf(flags),
    ...(flags.name !== undefined && { name: flags.name }),
  };
  if (Object.keys(changes).length === 0)
    throw new CliError(
      'say what is to change, such as --every 2h (celeriac schedule change --help)',
      EXIT.usage,
    );
  await withConnection(
    output.options,
    output.io,
    async (connection) => {
      const { schedules } = connection;
      if (flags.task !== undefined) await knownTask(connection, flags.task, { force: flags.force ?? false });
      await withSchedule(schedules, name, async () => {
        const preview = await schedules.previewUpdate(name, changes);
        await save(output, flags, preview, () => schedules.update(name, changes, { by: output.io.user }));
      });
    },
    { schedules: true },
  );
}

/** Nothing is saved before its next runs were seen, and on a terminal agreed to. */
async function save(
  output: Output,
  { dryRun, yes }: SaveFlags,
  preview: SchedulePreview,
  write: () => Promise<ScheduleRecord>,
): Promise<void> {
  if (!output.json) showPreview(output, preview);
  if (dryRun) return output.answer(preview, () => undefined);
  const asks = output.io.isTerminal && !output.json && !yes;
  if (asks && !(await output.io.confirm('Save it?'))) throw new CliError('nothing was saved', EXIT.failed);
  const schedule = await write();
  output.answer(schedule, () =>
    output.line(
      `saved: ${schedule.name}${schedule.enabled ? '' : ', paused'}  ${output.paint('dim', schedule.id)}`,
    ),
  );
}
