import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import { running } from './live';

export interface Loaded<T> {
  readonly data: T | undefined;
  readonly error: Error | undefined;
  /** Reads again. */
  readonly reload: () => Promise<void>;
}

/**
 * What a view shows, read again while the page is live. What was there stays until the new is.
 * @param keys what it depends on
 * @param everyMs how often it is read again
 */
export function useLoaded<T>(
  load: (signal: AbortSignal) => Promise<T>,
  keys: readonly unknown[],
  everyMs?: number,
): Loaded<T> {
  const [state, setState] = useState<{ data?: T; error?: Error }>({});
  const latest = useRef(load);
  latest.current = load;
  const abort = useRef<AbortController | undefined>(undefined);

  const reload = useCallback(async () => {
    abort.current?.abort();
    const mine = (abort.current = new AbortController());
    try {
      const data = await latest.current(mine.signal);
      if (!mine.signal.aborted) setState({ data });
    } catch (error) {
      if (!mine.signal.aborted) setState((before) => ({ ...before, error: error as Error }));
    }
  }, []);

  useEffect(() => {
    setState({});
    void reload();
    return () => abort.current?.abort();
  }, keys);

  useEffect(() => {
    if (everyMs === undefined) return undefined;
    const timer = setInterval(() => running.peek() && void reload(), everyMs);
    const unsubscribe = running.subscribe((isRunning) => isRunning && void reload());
    return () => {
      clearInterval(timer);
      unsubscribe();
    };
  }, [everyMs]);

  return { data: state.data, error: state.error, reload };
}
