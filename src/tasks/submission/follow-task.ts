import { isFinal } from '../store/states.js';
import type { TaskRow } from '../store/task-record.entity.js';
import type { ResultListener } from './result-listener.js';

/**
 * The row as `read` gives it, then after each change, until the task's end, or until the signal is aborted or the
 * listener closes.
 */
export async function* followTask(
  results: ResultListener,
  id: string,
  read: () => Promise<TaskRow>,
  signal: AbortSignal | undefined,
): AsyncGenerator<TaskRow, void> {
  const left = new AbortController();
  let wake = () => {};
  const leave = () => {
    left.abort();
    wake();
  };
  if (signal?.aborted) leave();
  const news: TaskRow[] = [];
  const see = (row: TaskRow) => {
    news.push(row);
    wake();
    return isFinal(row.state);
  };
  // before the first look, so that nothing is missed between the two
  const stop = results.watch(id, { see, leave });
  signal?.addEventListener('abort', leave);
  try {
    let last = await read();
    yield last;
    while (!isFinal(last.state) && !left.signal.aborted) {
      const next = news.shift();
      if (next) yield (last = next);
      else await new Promise<void>((resolve) => (wake = resolve));
    }
  } finally {
    signal?.removeEventListener('abort', leave);
    stop();
  }
}
