/** What the routes of `TasksHttpModule` answer, as far as the page uses it. */
export const STATES = ['WAITING', 'PENDING', 'STARTED', 'RETRY', 'SUCCESS', 'FAILURE', 'REVOKED'] as const;
export type State = (typeof STATES)[number];

export interface RecordedError {
  name: string;
  message: string;
  stack?: string;
}

export interface Progress {
  current: number;
  total: number | null;
  percent: number | null;
  message: string | null;
  detail: unknown;
}

export interface Task {
  id: string;
  name: string;
  queue: string;
  state: State;
  args: unknown[] | null;
  result: unknown;
  error: RecordedError | null;
  progress: Progress | null;
  attempt: number;
  retries: number;
  maxRetries: number | null;
  priority: number;
  worker: string | null;
  owner: string | null;
  tags: Record<string, string>;
  parentId: string | null;
  rootId: string | null;
  groupId: string | null;
  source: 'bullmq' | null;
  createdAt: string;
  dueAt: string | null;
  startedAt: string | null;
  finishedAt: string | null;
  expiresAt: string | null;
  revokeRequestedAt: string | null;
  revokedReason: string | null;
  runtimeMs: number | null;
}

export interface Page<T> {
  items: T[];
  nextCursor: string | null;
}

export interface HistoryEntry {
  at: string;
  kind: string;
  attempt: number | null;
  worker: string | null;
  error: RecordedError | null;
  by: string | null;
}

export interface LogLine {
  at: string;
  level: 'debug' | 'log' | 'warn' | 'error';
  message: string;
  attempt: number;
  line: number;
}

export const COUNTERS = ['submitted', 'succeeded', 'failed', 'retried', 'revoked', 'lost'] as const;
export type Counters = Record<(typeof COUNTERS)[number], number>;

interface Percentiles {
  p50: number | null;
  p95: number | null;
}

export interface Tally extends Counters {
  name: string;
  wait: Percentiles;
  run: Percentiles;
}

export interface Health {
  database: { up: true };
  broker: { kind: string; up: boolean; since: string; reason: string | null };
  unpublished: { batches: number; oldestMs: number } | null;
}

export interface Stats {
  window: string;
  stepSeconds: number;
  counts: Record<State, number>;
  cap: number;
  series: ({ at: string } & Counters)[];
  totals: Tally;
  names: Tally[];
  queues: Tally[];
  health: { ok: true; health: Health } | { ok: false; reason: string };
}

export interface Queue {
  name: string;
  pausedAt: string | null;
  depth: number;
  oldestMs: number | null;
  running: number;
  workers: string[];
}

export interface WorkerInfo {
  id: string;
  name: string;
  alive: boolean;
  aliveSince: string;
  leaseUntil: string;
  running: number;
  host: string | null;
  pid: number | null;
  concurrency: number | null;
  queues: string[];
  paused: boolean;
  inline: boolean;
  pool: string | null;
  processed: number;
  failures: number;
  /** Of its machine, in the last minute. */
  load: number | null;
  /** Bytes. */
  memory: number | null;
  eventLoopLagMs: number | null;
}

export interface ErrorGroup {
  fingerprint: string;
  name: string;
  errorName: string;
  message: string;
  frame: string | null;
  count: number;
  firstSeen: string;
  lastSeen: string;
  sampleId: string;
}

export interface AuditEntry {
  id: string;
  at: string;
  by: string | null;
  action: string;
  taskId: string | null;
  detail: unknown;
}

export interface Schedule {
  id: string;
  name: string;
  task: string;
  enabled: boolean;
  origin: 'code' | 'operator';
  /** In plain language. */
  when: string;
  crontab: string | null;
  dayRule: string | null;
  every: string | number | null;
  at: string | null;
  timezone: string;
  startTime: string | null;
  expires: string | number | null;
  oneOff: boolean;
  createdAt: string;
  description: string | null;
  nextAt: string | null;
  lastRunAt: string | null;
  lastTaskId: string | null;
  totalRunCount: number;
  skippedCount: number;
  lastError: string | null;
}

/** What is changed of a task, over what its code says; null: as the code says. */
export interface ChangedLimits {
  task: string;
  /** Starts a second; 0: any number. */
  rate: number | null;
  burst: number | null;
  softTimeLimitMs: number | null;
  timeLimitMs: number | null;
}

export type JsonSchema = Record<string, unknown>;

export interface RegisteredTask {
  name: string;
  queue: string;
  priority: number;
  args: { name: string | null; required: boolean; schema: JsonSchema }[];
}

export interface WorkflowNode {
  id: string;
  name: string;
  state: State;
  progress: Progress | null;
  error: RecordedError | null;
}

export interface WorkflowEdge {
  from: string;
  to: string;
  /** It must succeed, any end will do, an errback, a callback. */
  kind: 'result' | 'settled' | 'failure' | 'success';
}

export interface Workflow {
  id: string;
  name: string;
  state: State;
  progress: {
    total: number;
    succeeded: number;
    failed: number;
    revoked: number;
    started: number;
    percent: number;
  };
  nodes: WorkflowNode[];
  edges: WorkflowEdge[];
  /** Whether there are more nodes. */
  truncated: boolean;
}

export interface Batch {
  items: Task[];
  more: boolean;
}

export const isFinal = (state: State) => state === 'SUCCESS' || state === 'FAILURE' || state === 'REVOKED';
