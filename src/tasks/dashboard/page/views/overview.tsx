import { call } from '../data/api';
import { capped, count, duration } from '../data/format';
import { useLoaded } from '../data/loaded';
import { adjust, hrefOf, route } from '../data/router';
import { statesOf, withQualifier } from '../data/search';
import { STATES, type Queue, type State, type Stats } from '../data/types';
import { StateLabel } from '../ui/icons';
import { Loading, Problem } from '../ui/parts';
import { Chart } from './chart';
import { PauseButton } from './pause-button';

const WINDOWS = ['15m', '1h', '6h', '24h', '7d', '30d'];
const QUEUES_SHOWN = 5;
/** On a phone the tasks come first. */
const NARROW = matchMedia('(max-width: 760px)');

/** How it goes: health, counters that filter, throughput and failures, waits and runs, queues. */
export function Overview() {
  const window = WINDOWS.find((known) => known === route.value.query.window) ?? '1h';
  const stats = useLoaded((signal) => call<Stats>('/stats', { query: { window }, signal }), [window], 5000);
  const queues = useLoaded((signal) => call<{ items: Queue[] }>('/queues', { signal }), [], 5000);
  if (!stats.data)
    return stats.error ? (
      <Problem error={stats.error} retry={() => void stats.reload()} />
    ) : (
      <Loading rows={4} />
    );
  return (
    <section class="overview" aria-label="Overview">
      <div class="strip">
        <HealthLine stats={stats.data} stale={stats.error} />
        <label class="window">
          Window{' '}
          <select
            value={window}
            onChange={(event) =>
              adjust({ window: event.currentTarget.value === '1h' ? undefined : event.currentTarget.value })
            }
          >
            {WINDOWS.map((each) => (
              <option key={each}>{each}</option>
            ))}
          </select>
        </label>
      </div>
      <Counters stats={stats.data} />
      <details class="more-panels" open={!NARROW.matches}>
        <summary>Throughput, durations, queues</summary>
        <div class="panels">
          <Chart stats={stats.data} />
          <Times stats={stats.data} />
          {queues.data && <QueuesPanel queues={queues.data.items} reload={queues.reload} />}
        </div>
      </details>
    </section>
  );
}

function HealthLine({ stats, stale }: { stats: Stats; stale: Error | undefined }) {
  if (stale) return <p class="health bad">Not up to date: {stale.message}</p>;
  if (!stats.health.ok) return <p class="health bad">Database: {stats.health.reason}</p>;
  const { broker, unpublished } = stats.health.health;
  return (
    <p class="health">
      <span class="good">Database up</span>
      <span class={broker.up ? 'good' : 'bad'}>
        Broker {broker.kind} {broker.up ? 'up' : `down: ${broker.reason ?? 'no answer'}`}
      </span>
      {unpublished !== null && unpublished.batches > 0 && (
        <span class="bad">
          {count(unpublished.batches)} batches not published, for {duration(unpublished.oldestMs)}
        </span>
      )}
    </p>
  );
}

function Counters({ stats: { counts, cap } }: { stats: Stats }) {
  const search = route.value.query.q ?? '';
  const chosen = statesOf(search);
  const toggle = (state: State) => {
    const only = chosen.length === 1 && chosen[0] === state;
    adjust({ q: withQualifier(search, 'state', only ? undefined : state.toLowerCase()) });
  };
  return (
    <div class="counters" role="group" aria-label="Tasks by state">
      {STATES.map((state) => (
        <button key={state} type="button" aria-pressed={chosen.includes(state)} onClick={() => toggle(state)}>
          <StateLabel state={state} />
          <strong>{capped(counts[state], cap)}</strong>
        </button>
      ))}
    </div>
  );
}

function Times({ stats: { totals, window } }: { stats: Stats }) {
  const rows = [
    ['Wait', totals.wait],
    ['Run', totals.run],
  ] as const;
  const ended = totals.succeeded + totals.failed;
  return (
    <section class="panel times" aria-label="Durations">
      <h2>Durations, {window}</h2>
      <table>
        <thead>
          <tr>
            <th scope="col">
              <span class="visually-hidden">What</span>
            </th>
            <th scope="col">p50</th>
            <th scope="col">p95</th>
          </tr>
        </thead>
        <tbody>
          {rows.map(([title, { p50, p95 }]) => (
            <tr key={title}>
              <th scope="row">{title}</th>
              <td>{duration(p50)}</td>
              <td>{duration(p95)}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <p class="muted">
        {ended === 0
          ? 'Nothing has ended in this window.'
          : `${((totals.failed / ended) * 100).toFixed(1)} % of ${count(ended)} failed; ${count(totals.retried)} retries${totals.lost > 0 ? `, ${count(totals.lost)} lost` : ''}`}
      </p>
    </section>
  );
}

function QueuesPanel({ queues, reload }: { queues: Queue[]; reload: () => Promise<void> }) {
  const busiest = queues.toSorted((a, b) => b.depth + b.running - a.depth - a.running).slice(0, QUEUES_SHOWN);
  return (
    <section class="panel queues" aria-label="Queues">
      <h2>
        <a href={hrefOf('queues')}>Queues</a>
      </h2>
      <table>
        <thead>
          <tr>
            {['Queue', 'Ready', 'Oldest', 'Running', 'Workers'].map((title) => (
              <th key={title} scope="col">
                {title}
              </th>
            ))}
            <th scope="col">
              <span class="visually-hidden">Pause</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {busiest.map((queue) => (
            <tr key={queue.name}>
              <th scope="row">
                <a href={hrefOf('tasks', { ...route.value.query, q: `queue:${queue.name}` })}>{queue.name}</a>
              </th>
              <td>{capped(queue.depth, 10_000)}</td>
              <td>{duration(queue.oldestMs)}</td>
              <td>{count(queue.running)}</td>
              <td class={queue.workers.length === 0 && queue.depth > 0 ? 'bad' : ''}>
                {queue.workers.length === 0 ? 'none' : count(queue.workers.length)}
              </td>
              <td>
                <PauseButton queue={queue} reload={reload} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
