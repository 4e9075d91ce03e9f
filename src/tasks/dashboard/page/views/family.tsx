import { call } from '../data/api';
import { useLoaded } from '../data/loaded';
import { adjust, hrefOf, route } from '../data/router';
import type { Page, Task, Workflow } from '../data/types';
import { StateLabel } from '../ui/icons';

const SHOWN = 20;

/** The task that submitted it, and those that it submitted. */
export function Family({ task: { id, parentId } }: { task: Task }) {
  const children = useLoaded(
    (signal) =>
      call<Page<Task>>('', { query: { parent: id, limit: String(SHOWN), sort: 'createdAt' }, signal }),
    [id],
  );
  const items = children.data?.items ?? [];
  if (parentId === null && items.length === 0) return null;
  return (
    <section>
      <h3>Parents and children</h3>
      <ul class="family">
        {parentId && (
          <li>
            Submitted by <a href={taskHref(parentId)}>{parentId}</a>
          </li>
        )}
        {items.map((child) => (
          <li key={child.id} class="row">
            <StateLabel state={child.state} />
            <a href={taskHref(child.id)}>{child.name}</a>
          </li>
        ))}
      </ul>
      {children.data?.nextCursor && (
        <button type="button" class="quiet" onClick={() => adjust({ q: `parent:${id}`, task: undefined })}>
          Show all children
        </button>
      )}
    </section>
  );
}

/** Whoever waits for others, or is waited for, is part of one. */
export function WorkflowLink({ task: { id, groupId } }: { task: Task }) {
  const { data } = useLoaded(
    (signal) =>
      call<Workflow>(`/workflows/${encodeURIComponent(id)}`, { query: { nodes: '0' }, signal }).catch(
        () => undefined,
      ),
    [id, groupId],
  );
  if (!data || data.progress.total < 2) return null;
  return (
    <p>
      <a href={hrefOf(['workflows', data.id])}>
        Part of the workflow {data.name}: {data.progress.succeeded} of {data.progress.total} succeeded
      </a>
    </p>
  );
}

const taskHref = (id: string) => hrefOf('tasks', { ...route.value.query, task: id });
