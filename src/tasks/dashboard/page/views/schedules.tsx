import { useState } from 'preact/hooks';
import { call } from '../data/api';
import { absolute, count, local } from '../data/format';
import { useLoaded } from '../data/loaded';
import { hrefOf } from '../data/router';
import type { Page, Schedule } from '../data/types';
import { ask } from '../ui/dialog';
import { Ago, Empty, Loading, Problem, Table } from '../ui/parts';
import { tell } from '../ui/toasts';

const HEAD = ['Schedule', 'Task', 'When', 'Next', 'Last', 'Runs', 'Actions'];
const SHOWN = '200';

export function Schedules() {
  const { data, error, reload } = useLoaded(
    (signal) => call<Page<Schedule>>('/schedules', { query: { limit: SHOWN }, signal }),
    [],
    3000,
  );
  return (
    <>
      <h1>Schedules</h1>
      {error && <Problem error={error} retry={() => void reload()} />}
      {!data && !error && <Loading />}
      {data?.items.length === 0 && (
        <Empty title="No schedules">
          <p class="muted">Tasks that run again and again appear here, with when they run next.</p>
        </Empty>
      )}
      {data && data.items.length > 0 && (
        <Table label="Schedules" head={HEAD}>
          {data.items.map((schedule) => (
            <Row key={schedule.id} schedule={schedule} reload={reload} />
          ))}
        </Table>
      )}
      {data?.nextCursor && <p class="muted">Only the first {SHOWN} are shown.</p>}
    </>
  );
}

function Row({ schedule, reload }: { schedule: Schedule; reload: () => Promise<void> }) {
  const { name, task, enabled, when, nextAt, lastTaskId, lastRunAt, lastError } = schedule;
  return (
    <tr class={enabled ? '' : 'muted'}>
      <th scope="row" title={schedule.description ?? undefined}>
        {name}
      </th>
      <td>
        <a href={hrefOf('tasks', { q: `name:${task}` })}>{task}</a>
      </td>
      <td class="wrap">
        {when}
        {lastError && <p class="bad">{lastError}</p>}
      </td>
      <td>
        {nextAt ? <Ago at={nextAt} /> : enabled ? 'over' : 'paused'} <NextRuns schedule={schedule} />
      </td>
      <td>
        {lastTaskId ? (
          <a href={hrefOf('tasks', { task: lastTaskId })}>
            <Ago at={lastRunAt} />
          </a>
        ) : (
          '–'
        )}
      </td>
      <td>
        {count(schedule.totalRunCount)}
        {schedule.skippedCount > 0 && <span class="muted"> ({count(schedule.skippedCount)} skipped)</span>}
      </td>
      <td>
        <Actions schedule={schedule} reload={reload} />
      </td>
    </tr>
  );
}

/** The next five, asked for when they are to be seen. */
function NextRuns({
  schedule: {
    id,
    name,
    crontab,
    dayRule,
    every,
    at,
    timezone,
    startTime,
    expires,
    oneOff,
    nextAt,
    createdAt,
  },
}: {
  schedule: Schedule;
}) {
  const [open, setOpen] = useState(false);
  // intervals go on from where they are, not from now
  const start = startTime ?? (every === null ? null : (nextAt ?? createdAt));
  const { data, error } = useLoaded(
    (signal) =>
      open
        ? call<{ runs: string[] }>('/schedules/preview', {
            method: 'POST',
            body: { crontab, dayRule, every, at, timezone, expires, oneOff, startTime: start },
            signal,
          })
        : Promise.resolve(undefined),
    [id, open],
  );
  return (
    <details class="next-runs" onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary aria-label={`Next runs of ${name}`}>Next runs</summary>
      {error && <p class="bad">{error.message}</p>}
      {open && data?.runs.length === 0 && <p class="muted">None</p>}
      {open && data && data.runs.length > 0 && (
        <ol>
          {data.runs.map((run) => (
            <li key={run}>
              <time dateTime={run} title={absolute(run)}>
                {local(run)}
              </time>
            </li>
          ))}
        </ol>
      )}
    </details>
  );
}

function Actions({
  schedule: { id, name, task, enabled, origin },
  reload,
}: {
  schedule: Schedule;
  reload: () => Promise<void>;
}) {
  const act = (path: string, request: Parameters<typeof call>[1], text: string) =>
    tell(async () => {
      await call(`/schedules/${id}${path}`, request);
      await reload();
      return text;
    });
  const remove = async () => {
    if (await ask(`Remove ${name}?`, 'It makes no more tasks; those that it made stay.', 'Remove 1 schedule'))
      await act('', { method: 'DELETE' }, `${name} is gone`);
  };
  return (
    <span class="row">
      <button
        type="button"
        aria-label={`Run ${name} now`}
        onClick={() => void act('/run', { method: 'POST' }, `${task} was submitted`)}
      >
        Run now
      </button>
      <button
        type="button"
        class="quiet"
        aria-label={`${enabled ? 'Pause' : 'Resume'} ${name}`}
        onClick={() =>
          void act(
            '',
            { method: 'PATCH', body: { enabled: !enabled } },
            `${name} is ${enabled ? 'paused' : 'resumed'}`,
          )
        }
      >
        {enabled ? 'Pause' : 'Resume'}
      </button>
      {origin === 'operator' && (
        <button type="button" class="quiet" onClick={() => void remove()}>
          Remove…
        </button>
      )}
    </span>
  );
}
