import { retrying } from '../store/retrying.js';
import type { ClaimedTask } from '../store/statements/claim.js';
import type { WorkflowStore } from '../store/workflow-store.js';
import type { SignalReader } from './running-task.js';

/** Where running tasks look for signals: those of their workflow, or their own. Waits while the database is away. */
export function signalReader(store: Pick<WorkflowStore, 'readSignal'>): SignalReader {
  return {
    read: (task, name) =>
      retrying({ until: Number.POSITIVE_INFINITY }, () =>
        store.readSignal(scopeOf(task), name, task.options?.waits?.[name] ?? null),
      ),
  };
}

export const scopeOf = ({ workflow_id: workflow, id }: Pick<ClaimedTask, 'workflow_id' | 'id'>) =>
  workflow ?? id;
