/** What a broker is told of a ready row. */
export interface ReadyTask {
  readonly id: string;
  readonly dispatch: number;
  readonly name: string;
  readonly queue: string;
  readonly priority: number;
}

/** Rows that became ready together, with the outbox rows that name them until the broker knows. */
export interface ReadyBatch<Task extends ReadyTask = ReadyTask> {
  readonly tasks: readonly Task[];
  readonly outbox: readonly string[];
}

/** What a signal woke: what may be taken now, and what waits for its limits first. */
export type Woken = ReadyBatch<ReadyTask & { readonly ready: boolean }>;

/** The outbox rows that a statement's answer names, each once. */
export function noted(rows: readonly { outbox?: string | null }[]): string[] {
  return [...new Set(rows.flatMap((row) => row.outbox ?? []))];
}

/** What a statement answered of rows that are ready. */
export function readyBatch<Task extends ReadyTask>(
  rows: readonly (Task & { outbox?: string | null })[],
): ReadyBatch<Task> {
  return { tasks: rows, outbox: noted(rows) };
}
