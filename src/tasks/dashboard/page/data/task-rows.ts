import { useEffect, useRef, useState } from 'preact/hooks';
import { call } from './api';
import { onBatch, running } from './live';
import { withChanged, withNewest, withOlder, type LoadedRows } from './loaded-rows';
import { oneAtATime } from './one-at-a-time';
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

interface State extends LoadedRows {
  readonly loading: boolean;
  readonly loadingMore: boolean;
  readonly error: Error | undefined;
}

const FRESH: State = {
  rows: [],
  next: null,
  wanted: PAGE,
  loading: true,
  loadingMore: false,
  error: undefined,
};

/** The tasks that fit, a page after the other, and live: what changes is replaced, what is new is read at most once a second. */
export function useTaskRows(filter: Readonly<Record<string, string>>): TaskRows {
  const [state, setState] = useState(FRESH);
  const latest = useRef(FRESH);
  const put = (changes: Partial<State>) => {
    latest.current = { ...latest.current, ...changes };
    setState(latest.current);
  };
  const key = JSON.stringify(filter);
  const life = useRef(new AbortController());
  const refresh = useRef(() => {});

  const read = async (query: Record<string, string>, into: (page: Page<Task>) => Partial<State>) => {
    const { signal } = life.current;
    try {
      const page = await call<Page<Task>>('', { query: { ...filter, redact: 'true', ...query }, signal });
      if (!signal.aborted) put({ error: undefined, ...into(page) });
    } catch (error) {
      if (!signal.aborted) put({ loading: false, loadingMore: false, error: error as Error });
    }
  };

  useEffect(() => {
    const mine = (life.current = new AbortController());
    put(FRESH);
    const first = async () => {
      // asked for once more while another filter took the place of this one
      if (mine.signal.aborted) return;
      const limit = Math.min(MOST, latest.current.wanted);
      await read({ limit: String(limit) }, (page) => ({
        ...withNewest(latest.current, page, limit),
        loading: false,
      }));
    };
    refresh.current = oneAtATime(first);
    refresh.current();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const soon = () => {
      timer ??= setTimeout(() => {
        timer = undefined;
        if (running.peek()) refresh.current();
      }, REFRESH_MS);
    };
    const stop = onBatch(({ items, more }) => {
      const changed = new Map(items.map((item) => [item.id, item]));
      const known = latest.current.rows.filter((row) => changed.has(row.id)).length;
      if (known > 0) put(withChanged(latest.current, changed, filter.state));
      if (more || known < items.length || filter.state) soon();
    });
    const poll = setInterval(() => running.peek() && refresh.current(), POLL_MS);
    return () => {
      mine.abort();
      stop();
      clearTimeout(timer);
      clearInterval(poll);
    };
  }, [key]);

  const loadMore = () => {
    const { rows, next, wanted, loading, loadingMore } = latest.current;
    if (next === null || loading || loadingMore) return;
    put({ loadingMore: true, wanted: Math.max(wanted, rows.length + PAGE) });
    void read({ limit: String(PAGE), cursor: next }, (page) => ({
      ...withOlder(latest.current, page, next),
      loadingMore: false,
    }));
  };
  const { rows, next, loading, loadingMore, error } = state;
  return { rows, next, loading: loading || loadingMore, error, loadMore, reload: () => refresh.current() };
}
