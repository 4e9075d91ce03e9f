import { useEffect, useRef, useState } from 'preact/hooks';
import { call } from './api';
import { onBatch, running } from './live';
import type { Page, Task } from './types';

const PAGE = 50;
const MOST = 200;
const REFRESH_MS = 1000;
/** Brokers that are processes of their own do not say when something new waits. */
const POLL_MS = 4000;

export interface TaskRows {
  readonly rows: readonly Task[];
  /** Where to go on; null when all are there. */
  readonly next: string | null;
  readonly loading: boolean;
  readonly error: Error | undefined;
  readonly loadMore: () => void;
  readonly reload: () => void;
}

interface State {
  rows: Task[];
  next: string | null;
  loading: boolean;
  error?: Error | undefined;
}

/** The tasks that fit, a page after the other, and live: what changes is replaced, what is new is read at most once a second. */
export function useTaskRows(filter: Readonly<Record<string, string>>): TaskRows {
  const [state, setState] = useState<State>({ rows: [], next: null, loading: true });
  const latest = useRef(state);
  latest.current = state;
  const key = JSON.stringify(filter);
  const generation = useRef(0);

  const read = async (extra: Record<string, string>, into: (page: Page<Task>) => State) => {
    const mine = generation.current;
    try {
      const page = await call<Page<Task>>('', { query: { ...filter, redact: 'true', ...extra } });
      if (mine === generation.current) setState(into(page));
    } catch (error) {
      if (mine === generation.current) setState({ ...latest.current, loading: false, error: error as Error });
    }
  };
  const first = () =>
    read({ limit: String(Math.min(MOST, Math.max(PAGE, latest.current.rows.length))) }, ({ items, nextCursor }) => {
      const last = items.at(-1)?.id;
      // older ones that were loaded before stay
      const tail = last === undefined ? [] : latest.current.rows.filter((row) => row.id < last);
      return {
        rows: [...items, ...tail],
        next: tail.length > 0 ? latest.current.next : nextCursor,
        loading: false,
      };
    });
  const firstOf = useRef(first);
  firstOf.current = first;

  useEffect(() => {
    generation.current++;
    const fresh = { rows: [], next: null, loading: true };
    latest.current = fresh;
    setState(fresh);
    void firstOf.current();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const soon = () => {
      timer ??= setTimeout(() => {
        timer = undefined;
        if (running.peek()) void firstOf.current();
      }, REFRESH_MS);
    };
    const stop = onBatch(({ items, more }) => {
      const changed = new Map(items.map((item) => [item.id, item]));
      const { rows } = latest.current;
      const known = rows.filter((row) => changed.has(row.id)).length;
      if (known > 0) setState({ ...latest.current, rows: rows.map((row) => changed.get(row.id) ?? row) });
      if (more || known < items.length || filter.state) soon();
    });
    const poll = setInterval(() => running.peek() && void firstOf.current(), POLL_MS);
    return () => {
      stop();
      clearTimeout(timer);
      clearInterval(poll);
    };
  }, [key]);

  const loadMore = () => {
    const { next, loading } = latest.current;
    if (next === null || loading) return;
    const busy = { ...latest.current, loading: true };
    latest.current = busy;
    setState(busy);
    void read({ limit: String(PAGE), cursor: next }, ({ items, nextCursor }) => {
      const known = new Set(latest.current.rows.map((row) => row.id));
      return {
        rows: [...latest.current.rows, ...items.filter((item) => !known.has(item.id))],
        next: nextCursor,
        loading: false,
      };
    });
  };
  return { rows: state.rows, next: state.next, loading: state.loading, error: state.error, loadMore, reload: () => void first() };
}
