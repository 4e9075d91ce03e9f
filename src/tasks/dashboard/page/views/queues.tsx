import { call } from '../data/api';
import { capped, count, duration } from '../data/format';
import { useLoaded } from '../data/loaded';
import { hrefOf } from '../data/router';
import type { Queue, Stats } from '../data/types';
import { ask } from '../ui/dialog';
import { Empty, Loading, Problem, Table } from '../ui/parts';
import { tell } from '../ui/toasts';
import { PauseButton } from './pause-button';

const CAP = 10_000;
const HEAD = [
  'Queue',
  'Ready',
  'Oldest',
  'Running',
  'Ended, 1h',
  'Failed, 1h',
  'Wait p95',
  'Run p95',
  'Workers',
  'Actions',
];

export function Queues() {
  const { data, error, reload } = useLoaded(
    (signal) => call<{ items: Queue[] }>('/queues', { signal }),
    [],
    3000,
  );
  const stats = useLoaded((signal) => call<Stats>('/stats', { query: { window: '1h' }, signal }), [], 5000);
  const byName = new Map(stats.data?.queues.map((tally) => [tally.name, tally]));
  const purge = async ({ name, depth }: Queue) => {
    const n = capped(depth, CAP);
    const text =
      'What is ready to be taken now is revoked; delayed tasks and retries that wait for their time stay.';
    if (!(await ask(`Purge ${n} ${depth === 1 ? 'task' : 'tasks'} from ${name}?`, text, `Purge ${n}`)))
      return;
    await tell(async () => {
      const { purged } = await call<{ purged: number }>(`/queues/${encodeURIComponent(name)}/purge`, {
        method: 'POST',
      });
      await reload();
      return `${count(purged)} tasks of ${name} were revoked`;
    });
  };
  return (
    <>
      <h1>Queues</h1>
      {error && <Problem error={error} retry={() => void reload()} />}
      {!data && !error && <Loading />}
      {data?.items.length === 0 && <Empty title="No queues yet" />}
      {data && data.items.length > 0 && (
        <Table label="Queues" head={HEAD}>
          {data.items.map((queue) => {
            const tally = byName.get(queue.name);
            return (
              <tr key={queue.name}>
                <th scope="row">
                  <a href={hrefOf('tasks', { q: `queue:${queue.name}` })}>{queue.name}</a>
                </th>
                <td>{capped(queue.depth, CAP)}</td>
                <td>{duration(queue.oldestMs)}</td>
                <td>{count(queue.running)}</td>
                <td>{count(tally ? tally.succeeded + tally.failed : 0)}</td>
                <td class={tally?.failed ? 'bad' : ''}>{count(tally?.failed ?? 0)}</td>
                <td>{duration(tally?.wait.p95)}</td>
                <td>{duration(tally?.run.p95)}</td>
                <td class={queue.workers.length === 0 ? 'bad' : ''} title={queue.workers.join(', ')}>
                  {queue.workers.length === 0 ? 'none listens' : queue.workers.length}
                </td>
                <td>
                  <span class="row">
                    <PauseButton queue={queue} reload={reload} />
                    <button
                      type="button"
                      class="quiet"
                      disabled={queue.depth === 0}
                      onClick={() => void purge(queue)}
                    >
                      Purge…
                    </button>
                  </span>
                </td>
              </tr>
            );
          })}
        </Table>
      )}
    </>
  );
}
