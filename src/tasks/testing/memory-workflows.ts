import { FED } from '../store/columns.js';
import { NO_CASCADE } from '../store/cascading.js';
import type { NewEdge, NewWorkflow } from '../store/new-workflow.js';
import { revivable } from '../store/revivable.js';
import { isFinal, type FinalState } from '../store/states.js';
import { EDGE_POLICY, SPENT } from '../store/statements/cascade.js';
import type { Input } from '../store/statements/edges.js';
import type { Ending, FinishedRow } from '../store/statements/finish.js';
import type { Woken } from '../store/ready-batch.js';
import { NestedGroupError, type Hold, type WorkflowStore } from '../store/workflow-store.js';
import type { MemoryRow } from './memory-row.js';
import type { MemoryStore } from './memory-store.js';

const NOTHING: Woken = { tasks: [], outbox: [] };

type Kept = Pick<
  WorkflowStore,
  | 'insert'
  | 'insertWithin'
  | 'inputs'
  | 'cascadeStep'
  | 'finishWithMore'
  | 'replace'
  | 'wait'
  | 'readSignal'
  | 'signal'
  | 'revive'
  | 'counts'
  | 'tasks'
  | 'edgesAmong'
  | 'live'
  | 'list'
>;

/** Who waits for whom in a test, by the rules of the database's statements. */
export class MemoryWorkflows implements Kept {
  private edges: NewEdge[] = [];
  private readonly signals = new Map<string, string | null>();
  private readonly keys = new Map<string, { id: string; bodyHash: Buffer }>();

  constructor(private readonly store: MemoryStore) {
    store.onEnd = (row) => this.cascade(row);
    store.isNeeded = ({ id }) =>
      this.edges.some(
        ({ parent, child }) => parent === id && !isFinal(store.rows.get(child)?.state ?? 'SUCCESS'),
      );
  }

  async insert(
    workflow: NewWorkflow,
    _again: boolean,
    key?: { key: Buffer; bodyHash: Buffer },
  ): ReturnType<Kept['insert']> {
    const holder = key && this.keys.get(key.key.toString('hex'));
    if (holder) return { holder, outbox: [] };
    if (key) this.keys.set(key.key.toString('hex'), { id: workflow.id, bodyHash: key.bodyHash });
    return { outbox: this.add(workflow) };
  }

  async insertWithin(_runner: unknown, workflow: Pick<NewWorkflow, 'tasks' | 'edges'>): Promise<string[]> {
    return this.add(workflow);
  }

  async inputs(ids: readonly string[]): Promise<Input[]> {
    return this.edges
      .filter((edge) => ids.includes(edge.child))
      .sort((a, b) => a.position - b.position)
      .flatMap(({ parent, child, position, policy }) => {
        const row = this.store.rows.get(parent);
        if (!row) return [];
        const { id, name, error } = row;
        const reacted: number[] = [EDGE_POLICY.settled, EDGE_POLICY.failed];
        if (!isFinal(row.state) && !reacted.includes(policy & ~SPENT)) return [];
        const state = isFinal(row.state) ? row.state : 'FAILURE';
        return [{ child, position, id, name, state, error, result: JSON.stringify(row.result ?? null) }];
      });
  }

  async cascadeStep(): Promise<undefined> {
    return undefined;
  }

  async finishWithMore(
    ending: Ending,
    more: Pick<NewWorkflow, 'tasks' | 'edges'> & { readonly outputs: readonly string[] },
  ): ReturnType<Kept['finishWithMore']> {
    const row = this.held(ending);
    if (!row) return undefined;
    const joins = this.edges.filter((edge) => edge.parent === row.id && edge.policy < EDGE_POLICY.failed);
    const feeds = joins.map(({ child }) => this.store.rows.get(child)!.options?.feed);
    if (joins.length === 0 || feeds.some((feed) => feed !== undefined && feed !== '*'))
      throw new NestedGroupError();
    this.add(more);
    for (const { child, policy } of joins) {
      let position = this.edges.filter((edge) => edge.child === child).length;
      for (const parent of more.outputs) this.edges.push({ parent, child, position: position++, policy });
      const join = this.store.rows.get(child)!;
      if (join.state === 'WAITING' && join.waitingOn! > 0) join.waitingOn! += more.outputs.length;
    }
    this.store.finish(row, ending.state, ending.result === null ? null : JSON.parse(ending.result), null);
    const rows: FinishedRow[] = [{ id: row.id, state: row.state as FinalState, flags: 0 }];
    return { rows, cascade: NO_CASCADE, outbox: [] };
  }

  async replace(hold: Hold, by: NewWorkflow): Promise<{ outbox: string[] } | undefined> {
    const row = this.held(hold);
    if (!row) return undefined;
    const position = this.edges.filter((edge) => edge.child === row.id).length;
    this.edges = this.edges.map((edge) =>
      edge.child === row.id ? { ...edge, policy: edge.policy | SPENT } : edge,
    );
    this.store.park(row, 'replaced', 1);
    const { lifetimeMs: _lifetime, delayMs: _delay, ...options } = row.options ?? {};
    row.options = { ...options, replaced: true, feed: position };
    row.flags |= FED;
    row.workflowId ??= row.id;
    this.edges.push({ parent: by.id, child: row.id, position, policy: EDGE_POLICY.required });
    return { outbox: this.add(by) };
  }

  async wait(hold: Hold, scope: string, name: string, timeoutMs: number | null): Promise<Woken | undefined> {
    const row = this.held(hold);
    if (!row) return undefined;
    const until =
      row.options?.waits?.[name] ?? (timeoutMs === null ? null : this.store.after(timeoutMs).toISOString());
    this.store.park(row, 'waiting', 0, until === null ? null : new Date(until));
    row.options = { ...row.options, waits: { ...row.options?.waits, [name]: until } };
    if (this.signals.has(`${scope} ${name}`)) this.store.wake(row);
    return NOTHING;
  }

  async readSignal(scope: string, name: string, until: string | null) {
    const key = `${scope} ${name}`;
    const late = until !== null && new Date(until) <= this.store.after(0);
    return { given: this.signals.has(key), payload: this.signals.get(key) ?? null, late };
  }

  async signal(id: string, name: string, payload: string | null): ReturnType<Kept['signal']> {
    const row = this.store.rows.get(id);
    if (!row) return undefined;
    const scope = row.workflowId ?? row.id;
    if (isFinal(this.store.rows.get(scope)!.state)) return 'ended';
    if (this.signals.has(`${scope} ${name}`)) return 'given before';
    this.signals.set(`${scope} ${name}`, payload);
    for (const each of this.members(scope))
      if (each.state === 'WAITING' && each.waitingOn === 0 && name in (each.options?.waits ?? {}))
        this.store.wake(each);
    return NOTHING;
  }

  async revive(workflow: string, only: string | undefined, by: string | null): ReturnType<Kept['revive']> {
    const fallen = this.members(workflow).filter(({ state }) => state === 'FAILURE' || state === 'REVOKED');
    const all = fallen.map(({ id, error }) => ({
      id,
      dragged: DRAGGED.has(error?.name ?? '') || DRAGGED.has(error?.message ?? ''),
    }));
    const live = this.members(workflow).filter(({ state }) => !isFinal(state));
    const counting = this.edges.filter((edge) => edge.policy < SPENT);
    const waits = revivable(all, counting, new Set(live.map(({ id }) => id)), only);
    if (waits.size === 0) return undefined;
    for (const { parent, child, policy } of counting) {
      const row = this.store.rows.get(child)!;
      const isTakenBack = waits.has(parent) && isMet(policy, this.store.rows.get(parent)!.state);
      if (isTakenBack && row.state === 'WAITING' && row.waitingOn! > 0) row.waitingOn!++;
    }
    for (const [id, waitsFor] of waits) this.store.revive(this.store.rows.get(id)!, by, waitsFor);
    return NO_CASCADE;
  }

  async counts(workflow: string) {
    return this.members(workflow).map(({ state, error }) => ({
      state,
      unneeded: error?.message === 'not needed',
      n: 1,
    }));
  }

  async tasks(workflow: string, limit: number): Promise<string[]> {
    return this.members(workflow)
      .map(({ id }) => id)
      .slice(0, limit);
  }

  async edgesAmong(ids: readonly string[]): Promise<{ from: string; to: string; policy: number }[]> {
    return this.edges
      .filter((edge) => ids.includes(edge.parent) && ids.includes(edge.child))
      .map(({ parent: from, child: to, policy }) => ({ from, to, policy: policy & ~SPENT }));
  }

  async live(workflow: string, after: string, limit: number) {
    const live = this.members(workflow).filter(({ id, state }) => id > after && !isFinal(state));
    return live.slice(0, limit).map(({ id, name, queue }) => ({ id, name, queue }));
  }

  async list(before: string | null, owner: string | null, limit: number): Promise<string[]> {
    const last = [...this.store.rows.values()].filter(
      (row) =>
        row.workflowId === row.id &&
        (before === null || row.id < before) &&
        (owner === null || row.owner === owner),
    );
    return last
      .map(({ id }) => id)
      .sort()
      .toReversed()
      .slice(0, limit);
  }

  private add({ tasks, edges }: Pick<NewWorkflow, 'tasks' | 'edges'>): string[] {
    this.edges.push(...edges);
    this.store.add(tasks);
    return [];
  }

  private members(workflow: string): MemoryRow[] {
    const rows = [...this.store.rows.values()].filter(
      (row) => row.workflowId === workflow || row.id === workflow,
    );
    return rows.sort((a, b) => (a.id < b.id ? -1 : 1));
  }

  private held({ id }: { id: string }): MemoryRow | undefined {
    const row = this.store.rows.get(id);
    return row?.running && row.revokeAt === null ? row : undefined;
  }

  /** Acts on the end of a task: takes it off what waits for it, and ends what cannot run any more. */
  private cascade(ended: MemoryRow): void {
    const { state } = ended;
    for (const { child, policy } of this.edges.filter((edge) => edge.parent === ended.id)) {
      const row = this.store.rows.get(child)!;
      if (policy >= SPENT || row.state !== 'WAITING' || row.waitingOn === 0) continue;
      if (isMet(policy, state)) {
        row.waitingOn = row.waitingOn! - 1;
        if (row.waitingOn === 0) this.store.release(row);
      } else if (policy === EDGE_POLICY.required && state === 'FAILURE')
        this.store.finish(row, 'FAILURE', null, upstreamFailed(ended));
      else
        this.store.finish(row, 'REVOKED', null, {
          name: 'TaskRevokedError',
          message: policy === EDGE_POLICY.required ? 'a task before it was revoked' : 'not needed',
        });
    }
  }
}

const isMet = (policy: number, state: MemoryRow['state']) =>
  policy === EDGE_POLICY.settled ||
  (policy === EDGE_POLICY.failed ? state === 'FAILURE' : state === 'SUCCESS');

const DRAGGED = new Set(['UpstreamFailedError', 'not needed', 'a task before it was revoked']);

function upstreamFailed({ id, name, error }: MemoryRow) {
  const message =
    error?.name === 'UpstreamFailedError'
      ? error.message
      : `${name} ${id} failed: ${error?.name}: ${error?.message}`;
  return { name: 'UpstreamFailedError', message };
}
