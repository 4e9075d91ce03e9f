import { isDeepStrictEqual } from 'node:util';
import { Logger } from '@nestjs/common';
import { v7 as uuidv7 } from 'uuid';
import type { TaskRegistry } from '../definition/task-registry.js';
import type { ScheduleRow } from '../store/schedule-store.js';
import type { TaskChannel } from '../store/task-channel.js';
import { isRetimed, overlay, readFields, type ScheduleFields } from './schedule-changes.js';
import type { ScheduleSpec } from './schedule-spec.js';
import type { ScheduleStorage } from './schedule-storage.js';
import type { ScheduleService } from './schedule.service.js';

/** A schedule whose task no process has declared for so long is removed, whoever has forgotten it. */
const FORGOTTEN_MS = 7 * 86_400_000;

/** Brings rows in line with what the code declares. Operators' changes stay on top. */
export class ScheduleReconciler {
  private readonly logger = new Logger('Tasks');
  private names: readonly string[] = [];

  constructor(
    private readonly storage: ScheduleStorage,
    private readonly channel: Pick<TaskChannel, 'schedules'>,
    private readonly registry: TaskRegistry,
    private readonly schedules: ScheduleService,
  ) {}

  async reconcile(declared: ReadonlyMap<string, ScheduleFields>): Promise<void> {
    this.names = [...declared.keys()];
    const rows = new Map((await this.storage.ofCode(FORGOTTEN_MS)).map((row) => [row.name, row]));
    let changed = 0;
    for (const [name, code] of declared) {
      const row = rows.get(name);
      changed += Number(row ? await this.update(row, code) : await this.insert(name, code));
    }
    for (const row of rows.values())
      // a process that does not have the task cannot know whether another one declares it
      if (!declared.has(row.name) && (row.forgotten || this.registry.find(row.task))) {
        await this.storage.remove(row.id, { by: null, action: 'schedule.undeclared' });
        changed++;
      }
    await this.declare();
    if (changed > 0) this.channel.schedules();
  }

  /** The code still declares them. */
  async declare(): Promise<void> {
    if (this.names.length > 0) await this.storage.declare(this.names);
  }

  private async insert(name: string, code: ScheduleFields): Promise<boolean> {
    const { spec, enabled } = readFields(code);
    const anchor = await this.storage.now();
    const next = enabled ? this.nextOf(spec, anchor, anchor) : null;
    const write = {
      id: uuidv7(),
      name,
      task: spec.task,
      enabled: next !== null,
      next,
      spec,
      code,
      changes: {},
    };
    if (await this.storage.insert({ ...write, anchor })) return true;
    const row = await this.storage.find('name', name);
    if (row?.code === null)
      this.logger.warn(
        `the schedule '${name}' of the code is not made: an operator's has that name. Rename one of the two.`,
      );
    return false;
  }

  private async update(row: ScheduleRow, code: ScheduleFields): Promise<boolean> {
    if (isDeepStrictEqual(row.code, JSON.parse(JSON.stringify(code)))) return false;
    let changes = row.changes as ScheduleFields;
    let fields = overlay(code, changes);
    try {
      await this.schedules.checked(row.name, fields);
    } catch (error) {
      this.logger.warn(
        `schedule '${row.name}': what operators changed does not fit its new code and is dropped: ${(error as Error).message}`,
      );
      [changes, fields] = [{}, code];
    }
    const { spec, enabled } = readFields(fields);
    const now = await this.storage.now();
    // one that is over stays so, unless it ticks at other times now
    const over = !row.enabled && row.next === null && (row.code as ScheduleFields).enabled === code.enabled;
    const retimed = isRetimed(row.spec as ScheduleSpec, spec) || enabled !== row.enabled;
    const wanted = enabled && !(over && !isRetimed(row.spec as ScheduleSpec, spec));
    const next = wanted ? this.nextOf(spec, row.anchor, now) : null;
    const write = { id: row.id, name: row.name, task: spec.task, enabled: next !== null, next, spec, code };
    const { revision, anchor } = row;
    // whoever was faster has the same code, or is an operator whose change is found at the next start
    return (await this.storage.update({ ...write, changes, anchor }, { revision, retimed })) !== undefined;
  }

  /** null: it is over. Code does not stop working when a date passes. */
  private nextOf(spec: ScheduleSpec, anchor: number, now: number): number | null {
    try {
      return this.schedules.nextOf(spec, anchor, now);
    } catch {
      return null;
    }
  }
}
