import { Inject, Injectable } from '@nestjs/common';
import { TaskRegistry } from '../definition/task-registry.js';
import type { LogLine } from '../store/log-store.js';
import type { TaskFilter } from '../store/task-filter.js';
import type { HistoryEntry } from '../submission/task-history.js';
import type { TaskRecord } from '../submission/task-view.js';
import type { WorkflowRecord } from '../workflow/workflow-view.js';
import { ForbiddenError, type Principal } from './access/principal.js';
import { Secrets } from './secrets.js';
import { RESOLVED_HTTP_OPTIONS, type ResolvedHttpOptions } from './tasks-http.options.js';

/** Records as they may be seen: `submit` sees no stacks, `read` no secrets. */
@Injectable()
export class TaskViews {
  private readonly secrets: Secrets;

  constructor(
    @Inject(RESOLVED_HTTP_OPTIONS) { redact }: ResolvedHttpOptions,
    @Inject(TaskRegistry) private readonly registry: TaskRegistry,
  ) {
    this.secrets = new Secrets(redact);
  }

  /** Who sees arguments covered must not find out by parts of them what is covered. @throws ForbiddenError */
  assertMayFind({ args }: TaskFilter, { role }: Principal): void {
    if (args !== undefined && role === 'read' && this.secrets.active)
      throw new ForbiddenError('this key sees arguments covered: it may not search in them');
  }

  /** @param redact whether secrets are covered for every role */
  recordFor<T extends TaskRecord>(record: T, principal: Principal, redact = false): T {
    const shown = withoutStack(record, principal);
    return redact || principal.role === 'read' ? this.covered(shown) : shown;
  }

  historyFor(entries: readonly HistoryEntry[], principal: Principal, redact = false): HistoryEntry[] {
    const shown = entries.map((entry) => withoutStack(entry, principal));
    return redact || principal.role === 'read'
      ? shown.map((entry) => ({ ...entry, error: this.cover(entry.error) }))
      : shown;
  }

  logsFor(lines: readonly LogLine[], { role }: Principal, redact = false): LogLine[] {
    return lines.map((line) => (redact || role === 'read' ? this.cover(line) : line));
  }

  workflowFor(given: WorkflowRecord, principal: Principal): WorkflowRecord {
    const record = withoutStack(given, principal);
    if (principal.role !== 'read') return record;
    const { error, tags, nodes } = record;
    const covered = nodes.map((node) => ({
      ...node,
      progress: this.cover(node.progress),
      error: this.cover(node.error),
    }));
    return { ...record, error: this.cover(error), tags: this.cover(tags), nodes: covered };
  }

  /** Without what looks like a secret, arguments by the names of their parameters too. */
  covered<T extends TaskRecord>(record: T): T {
    const names = this.registry.find(record.name)?.parameterNames ?? [];
    return {
      ...record,
      args: record.args && record.args.map((arg, i) => this.secrets.cover(arg, names[i])),
      result: this.cover(record.result),
      error: this.cover(record.error),
      progress: this.cover(record.progress),
      headers: this.cover(record.headers),
      tags: this.cover(record.tags),
      meta: this.cover(record.meta),
    };
  }

  private cover<T>(value: T): T {
    return this.secrets.cover(value) as T;
  }
}

function withoutStack<T extends Pick<HistoryEntry, 'error'>>(shown: T, { role }: Principal): T {
  if (role !== 'submit' || !shown.error) return shown;
  return { ...shown, error: { ...shown.error, stack: undefined } };
}
