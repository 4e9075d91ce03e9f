import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import { running } from './live';

export interface Loaded<T> {
  readonly data: T | undefined;
  readonly error: Error | undefined;
  /** Reads again, now. */
  readonly reload: () => Promise<void>;
  /** Reads again, after what is being read: however often it is called, a slow answer arrives. */
  readonly refresh: () => void;
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
  const reading = useRef<AbortController | undefined>(undefined);
  const again = useRef(false);

  const reload = useCallback(async (): Promise<void> => {
    reading.current?.abort();
    const mine = (reading.current = new AbortController());
    again.current = false;
    try {
      const data = await latest.current(mine.signal);
      if (!mine.signal.aborted) setState({ data });
    } catch (error) {
      if (!mine.signal.aborted) setState((before) => ({ ...before, error: error as Error }));
    }
    if (mine.signal.aborted) return;
    reading.current = undefined;
    if (again.current) void reload();
  }, []);

  const refresh = useCallback(() => {
    if (reading.current) again.current = true;
    else void reload();
  }, []);

  useEffect(() => {
    setState({});
    void reload();
    return () => reading.current?.abort();
  }, keys);

  useEffect(() => {
    if (everyMs === undefined) return undefined;
    const timer = setInterval(() => running.peek() && refresh(), everyMs);
    // it tells how it is at once, too
    let told = false;
    const unsubscribe = running.subscribe((isRunning) => {
      if (isRunning && told) refresh();
      told = true;
    });
    return () => {
      clearInterval(timer);
      unsubscribe();
    };
  }, [everyMs]);

  return { data: state.data, error: state.error, reload, refresh };
}
