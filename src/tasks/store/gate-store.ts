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

export interface AdmissionRound {
  readonly batch: ReadyBatch;
  /** Milliseconds until a rate lets the next one through, or null. */
  readonly waitMs: number | null;
  /** Where the next round begins, so that every line has its turn. */
  readonly cursor: string;
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

  /** Admits what there is room for, a first handful of each line. @param cursor of the round before, or '' */
  async admit(cursor: string): Promise<AdmissionRound> {
    const lines = await this.linesFrom(cursor);
    const none: AdmissionRound = { batch: { tasks: [], outbox: [] }, waitMs: null, cursor: '' };
    if (lines.length === 0) return none;
    const each = Math.max(1, Math.floor(TASKS / lines.length));
    const round = await this.database.transaction((runner) => this.admitFrom(runner, lines, each));
    return { ...none, ...round, cursor: lines.length < LINES ? lines[0]! : lines.at(-1)! };
  }

  /** @returns whether there may be more */
  async dropOld(limit: number): Promise<boolean> {
    return (await this.database.run<{ n: number }>(this.statements.dropOld, [limit]))[0]!.n >= limit;
  }

  private async linesFrom(cursor: string): Promise<string[]> {
    const scan = async (from: string) =>
      (await this.database.run<{ gate: string }>(this.statements.lines, [from, LINES])).map(
        (row) => row.gate,
      );
    const lines = await scan(cursor);
    if (cursor === '' || lines.length === LINES) return lines;
    // once round: those before the cursor come last
    const rest = (await scan('')).filter((line) => line <= cursor);
    return [...lines, ...rest].slice(0, LINES);
  }

  private async admitFrom(
    runner: Runner,
    lines: readonly string[],
    each: number,
  ): Promise<Pick<AdmissionRound, 'batch' | 'waitMs'>> {
    const ids = (await runner.run<{ id: string }>(this.statements.candidates, [lines, each])).map(
      (row) => row.id,
    );
    await runner.run(this.statements.leave, [lines]);
    if (ids.length === 0) return { batch: { tasks: [], outbox: [] }, waitMs: null };
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
    if (admitted.length === 0) return { batch: { tasks: [], outbox: [] }, waitMs };
    const rows = await runner.run<ReadyTask & object>(this.statements.admit, [admitted]);
    const known = states.map((state) => state.key);
    await runner.run(this.statements.charge, [known, known.map((key) => tokens.get(key)), states[0]!.at]);
    return { batch: readyBatch(rows), waitMs };
  }
}
