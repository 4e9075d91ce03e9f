import { Injectable } from '@nestjs/common';
import { v7 as uuidv7, validate as isUuid } from 'uuid';
import {
  InvalidOptionError,
  ScheduleDeclaredError,
  ScheduleExistsError,
  ScheduleNotFoundError,
} from '../errors.js';
import type { Audited, ScheduleListing, ScheduleRow } from '../store/schedule-store.js';
import type { TaskChannel } from '../store/task-channel.js';
import type { Producer } from '../submission/producer.js';
import type { TaskHandle } from '../submission/task-handle.js';
import type { TaskService } from '../submission/task.service.js';
import { describeSchedule } from './describe-schedule.js';
import { isRetimed, normalized, overlay, readFields, type ScheduleFields } from './schedule-changes.js';
import { toScheduleRecord, type ScheduleRecord } from './schedule-record.js';
import {
  assertScheduleName,
  type NewSchedule,
  type ScheduleOptions,
  type ScheduleSpec,
} from './schedule-spec.js';
import type { ScheduleStorage } from './schedule-storage.js';
import { tickOptions } from './tick-options.js';
import { nextRuns, timingOf } from './timing.js';

/** Changes of a schedule; null gives back what the code, or else the default, says. */
export type ScheduleChanges = {
  [K in keyof NewSchedule]?: NewSchedule[K] | (K extends 'name' | 'task' ? never : null);
};

/** Who asks, for the audit. */
export interface By {
  by?: string | undefined;
}

/** What a schedule would do. */
export interface SchedulePreview {
  /** In plain language. */
  when: string;
  /** The next runs, ISO 8601. */
  runs: string[];
  /** Where its clock stands. */
  timezone: string;
}

const PREVIEW_RUNS = 5;
const MAX_PAGE = 200;

/** Makes, changes and removes schedules; every process that runs a worker makes their tasks. */
@Injectable()
export class ScheduleService {
  constructor(
    private readonly storage: ScheduleStorage,
    private readonly channel: Pick<TaskChannel, 'schedules'>,
    private readonly producer: Producer,
    private readonly tasks: TaskService,
    private readonly timezone: string,
  ) {}

  /**
   * @throws InvalidOptionError, NotSerializableError, UnknownTaskError, InvalidArgumentError
   * @throws ScheduleExistsError when the name is taken
   */
  async create(schedule: NewSchedule, { by }: By = {}): Promise<ScheduleRecord> {
    const { name, ...fields } = schedule;
    assertScheduleName(name);
    const { spec, enabled } = await this.checked(name, fields);
    const anchor = await this.storage.now();
    const next = enabled ? this.nextOf(spec, anchor, anchor) : null;
    const write = {
      id: uuidv7(),
      name,
      task: spec.task,
      enabled,
      next,
      spec,
      code: null,
      changes: {},
      anchor,
    };
    const row = await this.storage.insert(write, audit('schedule.create', by, { spec }));
    if (!row) throw new ScheduleExistsError(name);
    this.channel.schedules();
    return this.view(row);
  }

  /**
   * Changes the fields that are given. What an operator changes of a schedule that the code declares is kept when the
   * code changes. Ticks that it would have had meanwhile are not made up for.
   * @param id its id or its name
   * @throws ScheduleNotFoundError, ScheduleExistsError, and as {@link create}
   * @throws ScheduleDeclaredError for the name and the task of one that the code declares
   */
  update(id: string, changes: ScheduleChanges, { by }: By = {}): Promise<ScheduleRecord> {
    return this.change(id, changes, audit('schedule.update', by, { changes }));
  }

  /** No more ticks until it is resumed. @throws ScheduleNotFoundError */
  pause(id: string, { by }: By = {}): Promise<ScheduleRecord> {
    return this.change(id, { enabled: false }, audit('schedule.pause', by));
  }

  /** The next tick is the first from now on. @throws ScheduleNotFoundError, or InvalidOptionError when it has none */
  resume(id: string, { by }: By = {}): Promise<ScheduleRecord> {
    return this.change(id, { enabled: true }, audit('schedule.resume', by));
  }

  /**
   * Submits its task now, beside its ticks, paused or not.
   * @param options `queue`: where to, when the schedule names no queue. Default: the task's
   * @throws ScheduleNotFoundError, and as `TaskService.submit`
   */
  async runNow(id: string, { by, queue }: By & { queue?: string | undefined } = {}): Promise<TaskHandle> {
    const { name, spec } = await this.row(id);
    const { task, args, expires, ...rest } = spec as ScheduleSpec;
    const ended = typeof expires === 'string' && Date.parse(expires) < Date.now();
    const options = tickOptions(
      { ...rest, task, queue: rest.queue ?? queue, expires: ended ? undefined : expires },
      name,
      Date.now(),
    );
    const handle = await this.tasks.submit(task, args ?? [], options);
    await this.storage.note(audit('schedule.run', by, { name, task: handle.id }));
    return handle;
  }

  /**
   * @returns as it was
   * @throws ScheduleNotFoundError, or ScheduleDeclaredError for one that the code declares: it would come back
   */
  async delete(id: string, { by }: By = {}): Promise<ScheduleRecord> {
    const row = await this.row(id);
    if (row.code !== null) throw new ScheduleDeclaredError(row.name, 'removed: pause it');
    const removed = await this.storage.remove(row.id, audit('schedule.delete', by));
    if (!removed) throw new ScheduleNotFoundError(id);
    return this.view(removed);
  }

  /** @param id its id or its name @throws ScheduleNotFoundError */
  async get(id: string): Promise<ScheduleRecord> {
    return this.view(await this.row(id));
  }

  /** By name. @throws InvalidOptionError */
  async list(
    filter: ScheduleListing = {},
    { limit = 50, cursor = '' }: { limit?: number | undefined; cursor?: string | undefined } = {},
  ): Promise<{ items: ScheduleRecord[]; nextCursor: string | null }> {
    if (!Number.isInteger(limit) || limit < 1 || limit > MAX_PAGE)
      throw new InvalidOptionError('limit', `a whole number from 1 to ${MAX_PAGE}`, limit, 'INVALID_PAGE');
    const rows = await this.storage.list(filter, cursor, limit);
    return {
      items: rows.map((row) => this.view(row)),
      nextCursor: rows.length === limit ? rows.at(-1)!.name : null,
    };
  }

  /** What it would do, without making it: its task may be left out. @throws as {@link create} */
  async preview(schedule: ScheduleOptions & { task?: string; name?: string }): Promise<SchedulePreview> {
    const { name = 'preview', ...fields } = schedule;
    const { spec } =
      fields.task === undefined
        ? readFields({ ...fields, task: 'preview' })
        : await this.checked(name, fields);
    const now = await this.storage.now();
    return this.previewed(spec, now, now);
  }

  /**
   * What one would do with these changes, without making them; paused or not.
   * @param id its id or its name
   * @throws as {@link update}
   */
  async previewUpdate(id: string, changes: ScheduleChanges = {}): Promise<SchedulePreview> {
    const row = await this.row(id);
    const { name, fields } = this.renamed(row, changes);
    const { spec } = await this.checked(name, merged(row, fields));
    return this.previewed(spec, row.anchor, await this.storage.now());
  }

  /** Checks fields, also whether the task takes its arguments. */
  async checked(name: string, fields: ScheduleFields): Promise<{ spec: ScheduleSpec; enabled: boolean }> {
    const { spec, enabled } = readFields(fields);
    const draft = await this.producer.draft(spec.task, spec.args ?? [], tickOptions(spec, name, Date.now()));
    return { spec: { ...spec, task: draft.name }, enabled };
  }

  /** @throws InvalidOptionError when it would never tick */
  nextOf(spec: ScheduleSpec, anchor: number, now: number): number {
    const next = timingOf(spec, anchor, this.timezone).next(now);
    if (next !== undefined) return next;
    if (spec.at !== undefined) throw new InvalidOptionError('at', 'a time in the future', spec.at);
    throw new InvalidOptionError('expires', 'a time after its first tick', spec.expires);
  }

  private async change(id: string, changes: ScheduleFields, audited: Audited): Promise<ScheduleRecord> {
    for (;;) {
      const row = await this.row(id);
      const { name, fields } = this.renamed(row, changes);
      if (name !== row.name && (await this.storage.find('name', name))) throw new ScheduleExistsError(name);
      const updated = await this.tryChange(row, name, fields, audited);
      if (!updated) continue; // somebody else was faster: theirs first
      this.channel.schedules();
      return this.view(updated);
    }
  }

  private async tryChange(row: ScheduleRow, name: string, fields: ScheduleFields, audited: Audited) {
    const code = row.code as object | null;
    const { spec, enabled } = await this.checked(name, merged(row, fields));
    const kept = code ? overlay(row.changes as ScheduleFields, normalized(fields, spec)) : {};
    const now = await this.storage.now();
    const on = fields.enabled === undefined ? row.enabled : enabled;
    const retimed = on !== row.enabled || (on && isRetimed(row.spec as ScheduleSpec, spec));
    const next = on && retimed ? this.nextOf(spec, row.anchor, now) : null;
    const write = { id: row.id, name, task: spec.task, enabled: on, next, spec, code, changes: kept };
    return this.storage.update(
      { ...write, anchor: row.anchor },
      { revision: row.revision, retimed },
      audited,
    );
  }

  /** @throws ScheduleDeclaredError, InvalidOptionError */
  private renamed(row: ScheduleRow, changes: ScheduleFields): { name: string; fields: ScheduleFields } {
    const { name = row.name, ...fields } = changes as ScheduleFields & { name?: string };
    if (row.code !== null && (name !== row.name || (fields.task ?? row.task) !== row.task))
      throw new ScheduleDeclaredError(row.name, 'given another name or task');
    return { name: assertScheduleName(name), fields };
  }

  private previewed(spec: ScheduleSpec, anchor: number, now: number): SchedulePreview {
    const runs = nextRuns(timingOf(spec, anchor, this.timezone), now, spec.oneOff ? 1 : PREVIEW_RUNS);
    return {
      when: describeSchedule(spec, this.timezone),
      runs: runs.map((run) => new Date(run).toISOString()),
      timezone: spec.timezone ?? this.timezone,
    };
  }

  private async row(id: string): Promise<ScheduleRow> {
    const row = await this.storage.find(isUuid(id) ? 'id' : 'name', id);
    if (!row) throw new ScheduleNotFoundError(id);
    return row;
  }

  private view(row: ScheduleRow): ScheduleRecord {
    return toScheduleRecord(row, this.timezone);
  }
}

const audit = (action: string, by: string | undefined, detail: object = {}): Audited => ({
  by: by ?? null,
  action,
  detail,
});

/** The fields of a schedule with changes over them; what the code says is not a change any more. */
function merged({ code, changes, spec, enabled }: ScheduleRow, fields: ScheduleFields): ScheduleFields {
  if (code === null) return overlay({ ...(spec as object), enabled }, fields);
  return overlay(code as ScheduleFields, overlay(changes as ScheduleFields, fields));
}
