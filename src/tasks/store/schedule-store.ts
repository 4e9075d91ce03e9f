import { allInOrder, type Database, type Runner, type Statement } from './database.js';
import type { InsertStore } from './insert-store.js';
import type { NewTask } from './new-task.js';
import {
  advanceSchedules,
  codeSchedules,
  declareSchedules,
  dueSchedules,
  findSchedule,
  insertSchedule,
  listSchedules,
  liveOf,
  nextSchedule,
  removeSchedule,
  scheduleClock,
  updateSchedule,
  type DueRow,
  type ScheduleRow,
} from './statements/schedules.js';
import { noteAction } from './statements/purge.js';
import type { Tables } from './tables.js';
import type { Replaced, UniqueStore } from './unique-store.js';

export type { ScheduleRow } from './statements/schedules.js';

/** A schedule whose tick has come. */
export interface DueSchedule extends DueRow {
  /** Whether the task of the tick before is not over. */
  readonly live: boolean;
}

/** What its tick comes to. */
export interface Tick {
  readonly schedule: DueSchedule;
  readonly tasks: readonly NewTask[];
  /** The newest tick that tasks were made for. */
  readonly ran: number | null;
  readonly next: number | null;
  readonly skipped: number;
  readonly error: string | null;
}

/** What was made in one round. */
export interface Ticked {
  /** How many schedules were due. */
  readonly due: number;
  readonly tasks: readonly NewTask[];
  readonly outbox: readonly string[];
  readonly replaced: readonly Replaced[];
}

/** What is written of a schedule. */
export interface ScheduleWrite {
  readonly id: string;
  readonly name: string;
  readonly task: string;
  readonly enabled: boolean;
  readonly next: number | null;
  readonly spec: object;
  readonly code: object | null;
  readonly changes: object;
  readonly anchor: number;
}

/** Who did something, for the audit; undefined: nobody, it follows from the code. */
export interface Audited {
  readonly by: string | null;
  readonly action: string;
  readonly detail?: object;
}

/** Which schedules to list; all that is given must fit. Default: all. */
export interface ScheduleListing {
  readonly task?: string | undefined;
  readonly enabled?: boolean | undefined;
  /** A part of its name or of its task's. */
  readonly search?: string | undefined;
}

/** Where everything that a tick does is one transaction, a frozen process must not keep it open. */
const GUARD: Statement = {
  name: 'celeriac.idle-guard',
  text: `SET LOCAL idle_in_transaction_session_timeout = '5s'`,
};
const CHUNK = 1000;

/** The rows that make tasks. */
export class ScheduleStore {
  private readonly statements;

  constructor(
    private readonly database: Database,
    tables: Tables,
    private readonly inserts: InsertStore,
    private readonly unique: UniqueStore,
  ) {
    this.statements = {
      due: dueSchedules(tables),
      live: liveOf(tables),
      advance: advanceSchedules(tables),
      next: nextSchedule(tables),
      byId: findSchedule(tables, 'id'),
      byName: findSchedule(tables, 'name'),
      list: listSchedules(tables),
      code: codeSchedules(tables),
      declare: declareSchedules(tables),
      clock: scheduleClock(tables),
      insert: insertSchedule(tables),
      update: updateSchedule(tables),
      remove: removeSchedule(tables),
      note: noteAction(tables),
    };
  }

  /**
   * Takes up to `limit` schedules that are due, moves them on and inserts their tasks: all in one transaction, with the
   * rows locked against other processes.
   * @param known the tasks of this process; null: any
   */
  tick(
    known: readonly string[] | null,
    limit: number,
    plan: (due: readonly DueSchedule[]) => Promise<readonly Tick[]>,
  ): Promise<Ticked> {
    return this.database.transaction(async (runner) => {
      const [, rows] = await allInOrder([
        runner.run(GUARD, []),
        runner.run<DueRow>(this.statements.due, [known, limit]),
      ]);
      if (rows.length === 0) return { due: 0, tasks: [], outbox: [], replaced: [] };
      const live = await this.live(runner, rows);
      const ticks = await plan(rows.map((row) => ({ ...row, live: live.has(row.last_task_id ?? '') })));
      const tasks = ticks.flatMap((tick) => tick.tasks);
      const { taken, replaced, outbox } = await this.insertUnique(runner, tasks);
      const [more] = await allInOrder([
        this.insertOthers(runner, tasks),
        runner.run(this.statements.advance, advances(ticks, taken)),
      ]);
      return {
        due: rows.length,
        tasks: taken.size > 0 ? tasks.filter((task) => !taken.has(task)) : tasks,
        outbox: [...outbox, ...more],
        replaced,
      };
    });
  }

  /** How long until one of the schedules is due, and whether ticks wait for tasks to end. */
  async nextDue(known: readonly string[] | null): Promise<{ ms: number | null; held: boolean }> {
    return (await this.database.run<{ ms: number | null; held: boolean }>(this.statements.next, [known]))[0]!;
  }

  /** The database's clock, in milliseconds. */
  async now(): Promise<number> {
    return (await this.database.run<{ now: number }>(this.statements.clock, []))[0]!.now;
  }

  async find(by: 'id' | 'name', value: string): Promise<ScheduleRow | undefined> {
    const statement = by === 'id' ? this.statements.byId : this.statements.byName;
    return (await this.database.run<ScheduleRow>(statement, [value]))[0];
  }

  list(filter: ScheduleListing, after: string, limit: number): Promise<ScheduleRow[]> {
    const { task = null, enabled = null, search = null } = filter;
    return this.database.run<ScheduleRow>(this.statements.list, [after, limit, task, enabled, search]);
  }

  /** Those that the code declares; `forgotten` if no process has done so for a time. */
  ofCode(forgottenAfterMs: number): Promise<(ScheduleRow & { forgotten: boolean | null })[]> {
    return this.database.run(this.statements.code, [forgottenAfterMs]);
  }

  async declare(names: readonly string[]): Promise<void> {
    await this.database.run(this.statements.declare, [names]);
  }

  /** @returns undefined when the name is taken */
  async insert(write: ScheduleWrite, audited?: Audited): Promise<ScheduleRow | undefined> {
    return (await this.database.run<ScheduleRow>(this.statements.insert, valuesOf(write, audited)))[0];
  }

  /**
   * @param retimed whether the next tick is another one
   * @returns undefined when it was changed or removed since `revision`
   */
  async update(
    write: ScheduleWrite,
    { revision, retimed }: { revision: number; retimed: boolean },
    audited?: Audited,
  ): Promise<ScheduleRow | undefined> {
    const values = [...valuesOf(write, audited), revision, retimed];
    return (await this.database.run<ScheduleRow>(this.statements.update, values))[0];
  }

  async remove(id: string, audited?: Audited): Promise<ScheduleRow | undefined> {
    const values = [id, audited?.by ?? null, audited?.action ?? null];
    return (await this.database.run<ScheduleRow>(this.statements.remove, values))[0];
  }

  /** Notes what an operator did. */
  async note({ by, action, detail = {} }: Audited): Promise<void> {
    await this.database.run(this.statements.note, [by, action, JSON.stringify(detail)]);
  }

  private async live(runner: Runner, rows: readonly DueRow[]): Promise<Set<string>> {
    const ids = rows.flatMap(({ spec, last_task_id }) =>
      last_task_id !== null && (spec as { overlap?: string }).overlap !== undefined ? [last_task_id] : [],
    );
    if (ids.length === 0) return new Set();
    return new Set((await runner.run<{ id: string }>(this.statements.live, [ids])).map((row) => row.id));
  }

  /**
   * Those that must be the only ones of the same.
   * @returns `taken`: what was there already, and the ids that took their places
   */
  private async insertUnique(runner: Runner, tasks: readonly NewTask[]) {
    const keyed = tasks.filter((task) => task.unique !== null);
    const taken = new Map<NewTask, string>();
    if (keyed.length === 0) return { taken, replaced: [], outbox: [] };
    const { ids, replaced, outbox } = await this.unique.insertWithin(runner, keyed, true);
    for (const [i, task] of keyed.entries()) if (ids[i] !== task.id) taken.set(task, ids[i]!);
    return { taken, replaced, outbox };
  }

  private async insertOthers(runner: Runner, tasks: readonly NewTask[]): Promise<string[]> {
    const others = tasks.filter((task) => task.unique === null);
    const chunks: Promise<string[]>[] = [];
    for (let i = 0; i < others.length; i += CHUNK)
      chunks.push(this.inserts.insertWithin(runner, others.slice(i, i + CHUNK), true));
    return (await allInOrder(chunks)).flat();
  }
}

/** The values of the statement that moves schedules on. @param taken see `insertUnique` */
function advances(ticks: readonly Tick[], taken: ReadonlyMap<NewTask, string>): unknown[] {
  const last = ticks.map(({ tasks }) => {
    const task = tasks.at(-1);
    return task ? (taken.get(task) ?? task.id) : null;
  });
  const kept = ticks.map(({ tasks }) =>
    taken.size > 0 ? tasks.filter((task) => taken.has(task)).length : 0,
  );
  return [
    ticks.map((tick) => tick.schedule.id),
    ticks.map((tick) => tick.next),
    last,
    ticks.map((tick) => tick.ran),
    ticks.map((tick, i) => tick.tasks.length - kept[i]!),
    ticks.map((tick, i) => tick.skipped + kept[i]!),
    ticks.map((tick) => tick.error),
  ];
}

function valuesOf(write: ScheduleWrite, audited: Audited | undefined): unknown[] {
  const { id, name, task, enabled, next, spec, code, changes, anchor } = write;
  const audit = [
    audited?.by ?? null,
    audited?.action ?? null,
    audited?.detail && JSON.stringify(audited.detail),
  ];
  const documents = [JSON.stringify(spec), code && JSON.stringify(code), JSON.stringify(changes)];
  return [id, name, task, enabled, next, ...documents, anchor, ...audit.map((value) => value ?? null)];
}
