import type { TaskFilter } from '../store/task-filter.js';
import type { MemoryRow } from './memory-row.js';

/** Whether a list with this filter shows the row. */
export function fitsFilter(
  row: MemoryRow,
  { workflow, state, name, queue, owner, tags }: TaskFilter,
): boolean {
  return (
    (workflow === undefined || row.workflowId === workflow) &&
    (state === undefined || [state].flat().includes(row.state)) &&
    (name === undefined ||
      (name.endsWith('*') ? row.name.startsWith(name.slice(0, -1)) : row.name === name)) &&
    (queue === undefined || row.queue === queue) &&
    (owner === undefined || row.owner === owner) &&
    Object.entries(tags ?? {}).every(([tag, value]) => row.tags?.[tag] === value)
  );
}
