import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { call, isAdmin } from '../data/api';
import { addKeys } from '../data/keys';
import { onBatch } from '../data/live';
import { useLoaded } from '../data/loaded';
import { adjust, openTask } from '../data/router';
import { isFinal, type HistoryEntry, type LogLine, type Page, type Task } from '../data/types';
import { ask } from '../ui/dialog';
import { Icon, StateLabel } from '../ui/icons';
import { Bar, CopyButton, Loading, Problem } from '../ui/parts';
import { tell } from '../ui/toasts';
import { Family, WorkflowLink } from './family';
import { CopyAsCode, RunAgain } from './run-again';
import { ErrorText, Facts, Logs, Payload, Timeline } from './task-parts';

const close = () => adjust({ task: undefined });

/** Where one goes on when it is closed; where another is open instead, that has the focus. */
function focusRow(id: string): void {
  if (openTask.peek() !== undefined) return;
  const row = document.querySelector<HTMLElement>(`[data-task="${id}"]`);
  (row ?? document.querySelector<HTMLElement>('#content'))?.focus({ preventScroll: true });
}

/** One task: what happened to it, and what can be done. The record comes without its arguments until they are shown. */
export function TaskDrawer({ id }: { id: string }) {
  const path = `/${encodeURIComponent(id)}`;
  const record = useLoaded(
    (signal) =>
      call<Page<Task>>('', { query: { search: id, redact: 'true' }, signal }).then(
        (page) => page.items[0] ?? null,
      ),
    [id],
  );
  const history = useLoaded((signal) => call<{ items: HistoryEntry[] }>(`${path}/history`, { signal }), [id]);
  const logs = useLoaded((signal) => call<{ items: LogLine[] }>(`${path}/logs`, { signal }), [id]);
  const [again, setAgain] = useState(false);
  const drawer = useRef<HTMLElement>(null);
  const heading = useRef<HTMLHeadingElement>(null);
  const task = record.data;

  const reload = () => Promise.all([record.reload(), history.reload(), logs.reload()]);
  useEffect(
    () =>
      onBatch(({ items, more }) => {
        if (!more && !items.some((item) => item.id === id)) return;
        for (const part of [record, history, logs]) part.refresh();
      }),
    [id],
  );
  useEffect(() => heading.current?.focus({ preventScroll: true }), []);
  // while it is still there
  useLayoutEffect(
    () => () => {
      if (drawer.current?.contains(document.activeElement)) requestAnimationFrame(() => focusRow(id));
    },
    [],
  );

  const act = (action: string, text: string, body?: object) =>
    tell(async () => {
      await call(path + action, { method: 'POST', ...(body && { body }) });
      await reload();
      return text;
    });
  const retry = () => act('/retry', 'It runs again');
  const revoke = async () => {
    const running = task?.state === 'STARTED';
    const text = running
      ? 'Its worker is asked to stop it; what it has done stays done.'
      : 'It ends at once, and does not run.';
    if (await ask('Revoke 1 task?', text, 'Revoke 1 task')) await act('/revoke', 'It is revoked', {});
  };
  const forget = async () => {
    if (!(await ask('Forget 1 task?', 'Its record is removed for good.', 'Forget 1 task'))) return;
    const done = await tell(async () => {
      await call(path, { method: 'DELETE' });
      return 'Its record is gone';
    });
    if (done) close();
  };
  // a job of another system is steered there
  const canAct = isAdmin() && task?.source === null;
  const canRetry = canAct && (task.state === 'FAILURE' || task.state === 'REVOKED');
  const canRevoke = canAct && !isFinal(task.state);
  useEffect(
    () =>
      addKeys('The open task', [
        { keys: 'Escape', does: 'close it', run: close },
        ...(canRetry ? [{ keys: 'r', does: 'retry it', run: () => void retry() }] : []),
        ...(canRevoke ? [{ keys: 'x', does: 'revoke it', run: () => void revoke() }] : []),
      ]),
    [id, canRetry, canRevoke],
  );

  return (
    <aside ref={drawer} class="drawer" aria-labelledby="drawer-title">
      <header>
        <h2 id="drawer-title" ref={heading} tabIndex={-1}>
          {task?.name ?? 'Task'}
        </h2>
        <button type="button" class="quiet" onClick={close} aria-label="Close the task" title="Close (Esc)">
          <Icon name="close" />
        </button>
      </header>
      {record.error && <Problem error={record.error} retry={() => void record.reload()} />}
      {task === undefined && !record.error && <Loading />}
      {task === null && <p>There is no such task: it was never submitted, or its record is gone.</p>}
      {task && (
        <>
          <p class="row">
            <StateLabel state={task.state} />
            <code class="id">{task.id}</code>
            <CopyButton text={() => task.id} label="Copy the id" />
          </p>
          {task.progress && !isFinal(task.state) && (
            <p class="row">
              {task.progress.percent !== null && <Bar percent={task.progress.percent} label="Progress" />}
              <span class="muted">{task.progress.message ?? task.progress.current}</span>
            </p>
          )}
          <div class="row actions">
            {canRetry && (
              <button type="button" class="primary" onClick={() => void retry()}>
                Retry
              </button>
            )}
            {canRevoke && (
              <button type="button" onClick={() => void revoke()}>
                Revoke…
              </button>
            )}
            {canAct && (
              <button type="button" onClick={() => setAgain(true)}>
                Run again…
              </button>
            )}
            {task.source === null && <CopyAsCode id={id} name={task.name} />}
            {task.source === 'bullmq' && <span class="muted">A job of BullMQ: it is steered there.</span>}
            {isAdmin() && isFinal(task.state) && (
              <button type="button" class="quiet" onClick={() => void forget()}>
                Forget…
              </button>
            )}
          </div>
          {task.error && <ErrorText error={task.error} open />}
          <Facts task={task} />
          <Payload id={id} state={task.state} />
          <section>
            <h3>Timeline</h3>
            {history.error && <Problem error={history.error} />}
            {history.data && <Timeline task={task} entries={history.data.items} />}
          </section>
          {logs.data && logs.data.items.length > 0 && <Logs lines={logs.data.items} />}
          <Family task={task} />
          <WorkflowLink task={task} />
          {again && <RunAgain task={task} onClose={() => setAgain(false)} />}
        </>
      )}
    </aside>
  );
}
