import type { Gate } from '../definition/limits.js';
import { admit, type GateState } from './admission.js';
import type { Database, Runner } from './database.js';
import {
  admitTasks,
  candidates,
  chargeGates,
  dropOldGates,
  ensureGates,
  gatesOfTasks,
  gateStates,
  leaveLines,
  lockGates,
  waitingLines,
} from './statements/gates.js';
import type { Tables } from './tables.js';
import { readyBatch, type ReadyBatch, type ReadyTask } from './ready-batch.js';

/** Lines looked at in one round, and tasks. */
const LINES = 200;
const TASKS = 200;
const NONE = { batch: { tasks: [], outbox: [] }, waitMs: null };

/** How far a round through all lines has come, by the database's order of their names. */
export interface LinePlace {
  /** The round began after this line, */
  readonly start: string;
  /** and goes on after this one, */
  readonly after: string;
  /** once it was at the end from the first line on, up to where it began. */
  readonly wrapped: boolean;
}

export const roundFrom = (start: string): LinePlace => ({ start, after: start, wrapped: false });

export interface Admissions {
  readonly batch: ReadyBatch;
  /** Milliseconds until a rate lets the next one through, or null. */
  readonly waitMs: number | null;
  /** Where to go on: behind the line that had the last turn, so that each has its own. */
  readonly next: LinePlace;
  /** Whether there are lines that this round has not come to. */
  readonly more: boolean;
}

/** Tasks that wait for limits, and who of them may run. */
export class GateStore {
  private readonly statements;

  constructor(
    private readonly database: Database,
    tables: Tables,
  ) {
    this.statements = {
      ensure: ensureGates(tables),
      lines: waitingLines(tables),
      candidates: candidates(tables),
      gatesOfTasks: gatesOfTasks(tables),
      lock: lockGates(tables),
      states: gateStates(tables),
      admit: admitTasks(tables),
      charge: chargeGates(tables),
      leave: leaveLines(tables),
      dropOld: dropOldGates(tables),
    };
  }

  /** Makes gates and their limits known. */
  async ensure(gates: readonly Gate[]): Promise<void> {
    const sorted = [...gates].sort((a, b) => (a.key < b.key ? -1 : 1));
    await this.database.run(this.statements.ensure, [
      sorted.map((gate) => gate.key),
      sorted.map((gate) => gate.maxRunning),
      sorted.map((gate) => gate.rate),
      sorted.map((gate) => gate.burst),
    ]);
  }

  /** Admits what there is room for, a first handful of each line. */
  async admit(place: LinePlace): Promise<Admissions> {
    const { lines, next } = await this.linesFrom(place);
    const goOn = { next: next ?? roundFrom(place.start), more: next !== undefined };
    if (lines.length === 0) return { ...NONE, ...goOn };
    const each = Math.max(1, Math.floor(TASKS / lines.length));
    const { last, ...admitted } = await this.database.transaction((runner) =>
      this.admitFrom(runner, lines, each),
    );
    return { ...admitted, ...(last === undefined ? goOn : { next: roundFrom(last), more: true }) };
  }

  /** @returns whether there may be more */
  async dropOld(limit: number): Promise<boolean> {
    return (await this.database.run<{ n: number }>(this.statements.dropOld, [limit]))[0]!.n >= limit;
  }

  /** @returns lines, and where to go on unless the round is over */
  private async linesFrom({
    start,
    after,
    wrapped,
  }: LinePlace): Promise<{ lines: string[]; next?: LinePlace }> {
    const scan = async (from: string, upTo: string | null, limit: number) =>
      (await this.database.run<{ gate: string }>(this.statements.lines, [from, limit, upTo])).map(
        (row) => row.gate,
      );
    const lines = await scan(after, wrapped ? start : null, LINES);
    if (lines.length === LINES) return { lines, next: { start, after: lines.at(-1)!, wrapped } };
    if (wrapped || start === '') return { lines };
    const rest = await scan('', start, LINES - lines.length);
    const all = [...lines, ...rest];
    return all.length < LINES
      ? { lines: all }
      : { lines: all, next: { start, after: all.at(-1)!, wrapped: true } };
  }

  private async admitFrom(
    runner: Runner,
    lines: readonly string[],
    each: number,
  ): Promise<Pick<Admissions, 'batch' | 'waitMs'> & { last?: string }> {
    const waiting = await runner.run<{ id: string; line: string }>(this.statements.candidates, [lines, each]);
    const ids = waiting.map(({ id }) => id);
    await runner.run(this.statements.leave, [lines]);
    if (ids.length === 0) return NONE;
    const passes = await runner.run<{ task_id: string; gate: string }>(this.statements.gatesOfTasks, [ids]);
    const keys = [...new Set(passes.map((pass) => pass.gate))].sort();
    await runner.run(this.statements.lock, [keys]);
    const states = await runner.run<GateState & { at: string }>(this.statements.states, [keys]);

    const gates = new Map(ids.map((id) => [id, [] as string[]]));
    for (const { task_id, gate } of passes) gates.get(task_id)!.push(gate);
    const { admitted, tokens, waitMs } = admit(
      ids.map((id) => ({ id, gates: gates.get(id)! })),
      states,
    );
    if (admitted.length === 0) return { ...NONE, waitMs };
    const rows = await runner.run<ReadyTask & object>(this.statements.admit, [admitted]);
    const known = states.map((state) => state.key);
    if (known.length > 0)
      await runner.run(this.statements.charge, [known, known.map((key) => tokens.get(key)), states[0]!.at]);
    const last = waiting.find(({ id }) => id === admitted.at(-1))!.line;
    return { batch: readyBatch(rows), waitMs, last };
  }
}
