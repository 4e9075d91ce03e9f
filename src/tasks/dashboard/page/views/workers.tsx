import { useState } from 'preact/hooks';
import { call } from '../data/api';
import { bytes, count, duration } from '../data/format';
import { useLoaded } from '../data/loaded';
import { hrefOf } from '../data/router';
import { withQualifier } from '../data/search';
import type { WorkerInfo } from '../data/types';
import { ask } from '../ui/dialog';
import { Ago, Bar, Empty, Loading, Problem, Table } from '../ui/parts';
import { tell } from '../ui/toasts';
import { Limits } from './limits';

const HEAD = ['Worker', 'State', 'Slots', 'Done', 'Memory', 'Lag', 'Load', 'Queues', 'Since', 'Controls'];

export function Workers() {
  const { data, error, reload } = useLoaded(
    (signal) => call<{ items: WorkerInfo[] }>('/workers', { signal }),
    [],
    3000,
  );
  return (
    <>
      <h1>Workers</h1>
      {error && <Problem error={error} retry={() => void reload()} />}
      {!data && !error && <Loading />}
      {data?.items.length === 0 && (
        <Empty title="No worker runs">
          <p class="muted">
            Tasks wait until one is started: <code>npm run start:worker</code>
          </p>
        </Empty>
      )}
      {data && data.items.length > 0 && (
        <Table label="Workers" head={HEAD}>
          {data.items.map((worker) => (
            <Row key={worker.id} worker={worker} reload={reload} />
          ))}
        </Table>
      )}
      {data && <Limits />}
    </>
  );
}

function Row({ worker, reload }: { worker: WorkerInfo; reload: () => Promise<void> }) {
  const { name, alive, paused, concurrency, running, host, pid } = worker;
  return (
    <tr class={alive ? '' : 'muted'}>
      <th scope="row">
        <a
          href={hrefOf('tasks', { q: withQualifier('', 'worker', name) })}
          title={`${host ?? 'an unknown host'}, process ${pid ?? '?'}`}
        >
          {name}
        </a>
      </th>
      <td class={alive ? (paused ? '' : 'good') : 'bad'}>{alive ? (paused ? 'paused' : 'alive') : 'gone'}</td>
      <td>
        <span class="row">
          {concurrency !== null && (
            <Bar percent={Math.min(100, (running / concurrency) * 100)} label={`Slots of ${name}`} />
          )}
          {running} of {concurrency ?? '?'}
        </span>
      </td>
      <td>
        {count(worker.processed)}
        {worker.failures > 0 && <span class="bad"> ({count(worker.failures)} failed)</span>}
      </td>
      <td>{worker.memory === null ? '–' : bytes(worker.memory)}</td>
      <td>{duration(worker.eventLoopLagMs)}</td>
      <td>{worker.load === null ? '–' : worker.load.toFixed(1)}</td>
      <td class="detail" title={worker.queues.join(', ')}>
        {worker.queues.join(', ')}
      </td>
      <td>
        <Ago at={worker.aliveSince} />
      </td>
      <td>{alive && <Controls worker={worker} reload={reload} />}</td>
    </tr>
  );
}

function Controls({ worker, reload }: { worker: WorkerInfo; reload: () => Promise<void> }) {
  const [queue, setQueue] = useState('');
  const { id, name, paused, concurrency, queues, running, pool, inline } = worker;
  const act = (path: string, text: string, body: object = {}) =>
    tell(async () => {
      await call(`/workers/${id}/${path}`, { method: 'POST', body });
      await reload();
      return `${name}: ${text}`;
    });
  const shutDown = async () => {
    const text = `It takes nothing more, finishes what it runs within its grace (${running} now), and ends. Nothing starts it again from here.`;
    if (await ask(`Shut down ${name}?`, text, 'Shut down 1 worker')) await act('shutdown', 'it shuts down');
  };
  return (
    <details class="controls">
      <summary aria-label={`Controls of ${name}`}>Change</summary>
      <div class="row">
        <button
          type="button"
          onClick={() =>
            void act(paused ? 'resume' : 'pause', paused ? 'it takes tasks again' : 'it takes nothing more')
          }
        >
          {paused ? 'Resume' : 'Pause'}
        </button>
        <button type="button" onClick={() => void act('pool-grow', 'one slot more', { n: 1 })}>
          One slot more
        </button>
        <button
          type="button"
          disabled={concurrency === 1}
          onClick={() => void act('pool-shrink', 'one slot less', { n: 1 })}
        >
          One slot less
        </button>
        {pool === 'prefork' && (
          <button type="button" onClick={() => void act('pool-restart', 'its children are replaced')}>
            Restart children
          </button>
        )}
        {!inline && (
          <button type="button" class="danger" onClick={() => void shutDown()}>
            Shut down…
          </button>
        )}
      </div>
      <form
        class="row"
        onSubmit={(event) => {
          event.preventDefault();
          const listens = queues.includes(queue);
          void act(
            listens ? 'cancel-queue' : 'add-queue',
            listens ? `no longer takes from ${queue}` : `takes from ${queue}`,
            { queue },
          );
        }}
      >
        <input
          aria-label={`Queue for ${name}`}
          placeholder="A queue"
          required
          value={queue}
          onInput={(event) => setQueue(event.currentTarget.value)}
        />
        <button type="submit">{queues.includes(queue) ? 'Stop taking from it' : 'Take from it too'}</button>
      </form>
    </details>
  );
}
