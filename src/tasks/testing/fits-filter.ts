import { kindOf } from '../observability/fingerprint.js';
import { isFinal } from '../store/states.js';
import type { TaskFilter } from '../store/task-filter.js';
import type { MemoryRow } from './memory-row.js';

/** Whether a list with this filter shows the row. */
export function fitsFilter(row: MemoryRow, filter: TaskFilter): boolean {
  const { workflow, state, name, queue, owner, tags, worker, parent, from, to, search, args, error } = filter;
  return (
    (workflow === undefined || row.workflowId === workflow) &&
    (state === undefined || [state].flat().includes(row.state)) &&
    (name === undefined ||
      (name.endsWith('*') ? row.name.startsWith(name.slice(0, -1)) : row.name === name)) &&
    (queue === undefined || row.queue === queue) &&
    (owner === undefined || row.owner === owner) &&
    Object.entries(tags ?? {}).every(([tag, value]) => row.tags?.[tag] === value) &&
    (worker === undefined || row.worker === worker) &&
    (parent === undefined || row.parentId === parent) &&
    (from === undefined || row.createdAt >= from) &&
    (to === undefined || row.createdAt < to) &&
    (search === undefined || isFound(row, search)) &&
    (args === undefined || contains(textOf(row.args), args)) &&
    (error === undefined || hasFailedBy(row, error))
  );
}

function isFound({ id, name, state, error, tags }: MemoryRow, search: string): boolean {
  const texts = [name, ...(isFinal(state) && error ? [error.name, error.message] : [])];
  return (
    texts.some((text) => contains(text, search)) ||
    id === search.toLowerCase() ||
    Object.values(tags ?? {}).includes(search)
  );
}

function hasFailedBy({ name, state, error }: MemoryRow, fingerprint: string): boolean {
  return state === 'FAILURE' && error !== null && kindOf(name, error).fingerprint === fingerprint;
}

const contains = (text: string, part: string) => text.toLowerCase().includes(part.toLowerCase());

/** JSON as Postgres writes it. */
function textOf(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(textOf).join(', ')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const entries = Object.entries(value).sort(([a], [b]) => a.length - b.length || (a < b ? -1 : 1));
  return `{${entries.map(([key, each]) => `${JSON.stringify(key)}: ${textOf(each)}`).join(', ')}}`;
}
