import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { isAdmin } from '../data/api';
import { absolute, duration, now } from '../data/format';
import { addKeys } from '../data/keys';
import { adjust, hrefOf, openTask, route } from '../data/router';
import { toFilter } from '../data/search';
import { useTaskRows } from '../data/task-rows';
import type { Task } from '../data/types';
import { Icon, StateLabel } from '../ui/icons';
import { Ago, Bar, Empty, Loading, Problem } from '../ui/parts';
import { useVirtualRows } from '../ui/virtual-rows';
import { BulkActions } from './bulk-actions';
import { DemoOffer } from './demo-offer';

const NARROW = matchMedia('(max-width: 760px)');
const COLUMNS = ['State', 'Task', 'Progress', 'Attempt', 'Submitted', 'Duration', 'Worker'];
const TYPING_MS = 250;

export function TaskList() {
  const { q = '' } = route.value.query;
  const task = openTask.value;
  const [narrow, setNarrow] = useState(NARROW.matches);
  useEffect(() => {
    const change = () => setNarrow(NARROW.matches);
    NARROW.addEventListener('change', change);
    return () => NARROW.removeEventListener('change', change);
  }, []);
  const filter = toFilter(q, startOf(q));
  const { rows, next, loading, error, loadMore, reload } = useTaskRows(filter);

  const list = useRef<HTMLDivElement>(null);
  const [top, setTop] = useState(0);
  useLayoutEffect(() => {
    const measure = () => setTop((list.current?.getBoundingClientRect().top ?? 0) + scrollY);
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(document.body);
    return () => observer.disconnect();
  }, []);
  const { items, total, scrollTo } = useVirtualRows(rows.length, narrow ? 66 : 38, top);
  useEffect(() => {
    if ((items.at(-1)?.index ?? 0) >= rows.length - 10 && rows.length > 0) loadMore();
  }, [items.at(-1)?.index, rows.length]);

  const chosen = useRef(-1);
  useEffect(() => {
    const move = (step: number) => {
      const from = task ? rows.findIndex((row) => row.id === task) : chosen.current;
      const index = Math.max(0, Math.min(rows.length - 1, from + step));
      chosen.current = index;
      const id = rows[index]?.id;
      if (id === undefined) return;
      scrollTo(index);
      if (task) adjust({ task: id }, false);
      else requestAnimationFrame(() => document.querySelector<HTMLElement>(`[data-task="${id}"]`)?.focus());
    };
    const open = () => {
      const id = rows[chosen.current]?.id;
      if (id !== undefined && !task) adjust({ task: id });
    };
    return addKeys('The list', [
      { keys: '/', does: 'search', run: () => document.querySelector<HTMLElement>('#search')?.focus() },
      { keys: 'j', does: 'the next task', run: () => move(1) },
      { keys: 'k', does: 'the task before', run: () => move(-1) },
      { keys: 'Enter', does: 'open the task that has the focus', run: open },
    ]);
  }, [rows, task]);

  const empty = rows.length === 0 && !loading && !error;
  return (
    <section class="tasks" aria-label="List of tasks">
      <div class="search-row">
        <SearchBox text={q} />
        {isAdmin() && <BulkActions filter={filter} reload={reload} />}
      </div>
      {error && <Problem error={error} retry={reload} />}
      {loading && rows.length === 0 && <Loading rows={8} />}
      {empty && (q === '' ? <DemoOffer /> : <NothingFits next={next} loadMore={loadMore} />)}
      <div
        role="table"
        aria-label="Tasks"
        aria-rowcount={next === null ? rows.length + 1 : -1}
        hidden={rows.length === 0}
      >
        <div role="rowgroup" class="task-head">
          <div role="row" class="task-row">
            {COLUMNS.map((title) => (
              <span key={title} role="columnheader">
                {title}
              </span>
            ))}
          </div>
        </div>
        <div ref={list} role="rowgroup" class="task-rows" style={{ height: `${total}px` }}>
          {items.map(({ index, start }) => {
            const row = rows[index];
            return (
              row && <Row key={row.id} task={row} index={index} offset={start - top} open={row.id === task} />
            );
          })}
        </div>
      </div>
      {rows.length > 0 && next !== null && (
        <p class="more">
          <button type="button" onClick={loadMore} disabled={loading}>
            {loading ? 'Loading…' : 'Load older tasks'}
          </button>
        </p>
      )}
    </section>
  );
}

const starts = new Map<string, number>();
/** `since:1h` counts from when it was typed: otherwise every second would be another list. */
function startOf(search: string): number {
  if (!starts.has(search)) starts.clear();
  const start = starts.get(search) ?? Date.now();
  starts.set(search, start);
  return start;
}

function SearchBox({ text }: { text: string }) {
  const [typed, setTyped] = useState(text);
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  // what was asked for from here comes back without the space that somebody goes on from
  const asked = useRef(text);
  useEffect(() => {
    if (text === asked.current) return;
    asked.current = text;
    setTyped(text);
  }, [text]);
  useEffect(() => () => clearTimeout(timer.current), []);
  const search = (value: string, keep: boolean) => {
    clearTimeout(timer.current);
    asked.current = value.trim();
    adjust({ q: asked.current || undefined }, keep);
  };
  const type = (value: string) => {
    setTyped(value);
    clearTimeout(timer.current);
    timer.current = setTimeout(() => search(value, false), TYPING_MS);
  };
  return (
    <form
      role="search"
      onSubmit={(event) => {
        event.preventDefault();
        search(typed, true);
      }}
    >
      <Icon name="search" />
      <input
        id="search"
        type="search"
        aria-label="Search tasks"
        placeholder="Search: state:failure name:email.* tag:user=42 since:1h"
        value={typed}
        spellcheck={false}
        autoComplete="off"
        onInput={(event) => type(event.currentTarget.value)}
        onKeyDown={(event) => event.key === 'Escape' && event.currentTarget.blur()}
      />
    </form>
  );
}

function NothingFits({ next, loadMore }: { next: string | null; loadMore: () => void }) {
  return (
    <Empty title={next === null ? 'No task fits' : 'No task fits among the newest'}>
      <p>
        {next === null ? (
          <button type="button" onClick={() => adjust({ q: undefined })}>
            Show all tasks
          </button>
        ) : (
          <button type="button" onClick={loadMore}>
            Look further back
          </button>
        )}
      </p>
    </Empty>
  );
}

function Row({ task, index, offset, open }: { task: Task; index: number; offset: number; open: boolean }) {
  const { id, name, state, progress, attempt, worker, queue, error } = task;
  return (
    <div
      role="row"
      aria-rowindex={index + 2}
      class={`task-row${open ? ' open' : ''}`}
      style={{ transform: `translateY(${offset}px)` }}
    >
      <span role="cell" class="c-state">
        <StateLabel state={state} />
      </span>
      <span role="cell" class="c-name">
        <a
          href={hrefOf('tasks', { ...route.value.query, task: id })}
          data-task={id}
          title={id}
          aria-current={open ? 'true' : undefined}
        >
          {name}
        </a>
        <span class="muted">{queue}</span>
        {error && <span class="bad ellipsis">{error.message}</span>}
      </span>
      <span role="cell" class="c-progress">
        {progress && state === 'STARTED' && (
          <>
            {progress.percent !== null && <Bar percent={progress.percent} label={`Progress of ${name}`} />}
            <span class="muted ellipsis">{progress.message ?? `${progress.current}`}</span>
          </>
        )}
      </span>
      <span role="cell" class="c-attempt">
        {attempt > 0 ? attempt : ''}
      </span>
      <span role="cell" class="c-time">
        <Ago at={task.createdAt} />
      </span>
      <span
        role="cell"
        class="c-duration"
        title={task.startedAt ? `started ${absolute(task.startedAt)}` : undefined}
      >
        {durationOf(task)}
      </span>
      <span role="cell" class="c-worker ellipsis">
        {worker ?? ''}
      </span>
    </div>
  );
}

function durationOf({ state, startedAt, runtimeMs }: Task): string {
  if (state === 'STARTED' && startedAt) return duration(Math.max(0, now.value - Date.parse(startedAt)));
  return runtimeMs === null ? '' : duration(runtimeMs);
}
