import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import { call, isAdmin } from '../data/api';
import { absolute, clock, count, duration, now, relative } from '../data/format';
import { useLoaded } from '../data/loaded';
import { hrefOf } from '../data/router';
import { withQualifier } from '../data/search';
import {
  isFinal,
  type HistoryEntry,
  type LogLine,
  type RecordedError,
  type State,
  type Task,
} from '../data/types';
import { COVERED, Json } from '../ui/json';
import { Ago, CopyButton, Loading, Problem } from '../ui/parts';

export function ErrorText({ error, open = false }: { error: RecordedError; open?: boolean }) {
  const whole = error.stack ?? `${error.name}: ${error.message}`;
  return (
    <div class="error-text">
      <p>
        <strong>{error.name}</strong>: {error.message}
      </p>
      {error.stack && (
        <details open={open}>
          <summary>Stack</summary>
          <pre tabIndex={0} aria-label="Stack">
            {error.stack}
          </pre>
          <CopyButton text={() => whole} label="Copy the stack">
            Copy
          </CopyButton>
        </details>
      )}
    </div>
  );
}

export function Facts({ task }: { task: Task }) {
  const wait = task.startedAt ? Date.parse(task.startedAt) - Date.parse(task.createdAt) : null;
  const ran =
    task.runtimeMs ??
    (task.startedAt && !isFinal(task.state) ? Math.max(0, now.value - Date.parse(task.startedAt)) : null);
  const most = task.maxRetries === null ? '' : ` of ${task.maxRetries}`;
  const tags = Object.entries(task.tags);
  return (
    <dl class="facts">
      <Fact name="Queue">
        <a href={hrefOf('tasks', { q: `queue:${task.queue}` })}>{task.queue}</a>
        {task.priority > 0 && `, priority ${task.priority}`}
      </Fact>
      <Fact name="Submitted">
        <Ago at={task.createdAt} />
      </Fact>
      {task.dueAt && task.state !== 'SUCCESS' && (
        <Fact name="Due">
          <Ago at={task.dueAt} />
        </Fact>
      )}
      <Fact name="Waited">{duration(wait)}</Fact>
      <Fact name={isFinal(task.state) ? 'Ran' : 'Running for'}>{duration(ran)}</Fact>
      <Fact name="Attempt">
        {task.maxRetries === 0 ? task.attempt : `${task.attempt}; retries ${count(task.retries)}${most}`}
      </Fact>
      {task.worker && (
        <Fact name="Worker">
          <a href={hrefOf('tasks', { q: withQualifier('', 'worker', task.worker) })}>{task.worker}</a>
        </Fact>
      )}
      {task.owner && <Fact name="Owner">{task.owner}</Fact>}
      {task.expiresAt && (
        <Fact name="Expires">
          <Ago at={task.expiresAt} />
        </Fact>
      )}
      {task.revokedReason && <Fact name="Revoked">{task.revokedReason}</Fact>}
      {tags.length > 0 && (
        <Fact name="Tags">
          {tags.map(([name, value]) => (
            <a
              key={name}
              class="tag"
              href={hrefOf('tasks', { q: withQualifier('', 'tag', `${name}=${value}`) })}
            >
              {name}={value}
            </a>
          ))}
        </Fact>
      )}
    </dl>
  );
}

function Fact({ name, children }: { name: string; children: preact.ComponentChildren }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

/** Read when they are to be seen: they may be large. */
export function Payload({ id, state }: { id: string; state: State }) {
  const [open, setOpen] = useState(true);
  return (
    <details class="payload" open={open} onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>
        <h3>{state === 'SUCCESS' ? 'Arguments and result' : 'Arguments'}</h3>
      </summary>
      {open && <PayloadText id={id} state={state} />}
    </details>
  );
}

function PayloadText({ id, state }: { id: string; state: State }) {
  // what looks like a secret does not leave the server until it is asked for
  const [secrets, setSecrets] = useState(false);
  const { data, error } = useLoaded(
    (signal) =>
      call<Task>(`/${encodeURIComponent(id)}`, { query: { redact: secrets ? undefined : 'true' }, signal }),
    [id, state, secrets],
  );
  if (error) return <Problem error={error} />;
  if (!data) return <Loading rows={2} />;
  const covers = JSON.stringify([data.args, data.result]).includes(COVERED);
  return (
    <>
      <Json value={data.args} label="Arguments" />
      {data.state === 'SUCCESS' && <Json value={data.result} label="Result" />}
      {isAdmin() && (covers || secrets) && (
        <p>
          <button type="button" onClick={() => setSecrets(!secrets)}>
            {secrets ? 'Cover' : 'Show'} secrets
          </button>
        </p>
      )}
    </>
  );
}

/** What happened, oldest first, and how long after what came before. */
export function Timeline({ task, entries }: { task: Task; entries: readonly HistoryEntry[] }) {
  const running: HistoryEntry[] =
    task.state === 'STARTED'
      ? [
          {
            at: task.startedAt!,
            kind: 'running',
            attempt: task.attempt,
            worker: task.worker,
            error: null,
            by: null,
          },
        ]
      : [];
  const all = [...entries, ...running];
  return (
    <ol class="timeline">
      {all.map((entry, i) => {
        const before = all[i - 1];
        return (
          <li key={i} class={`kind-${entry.kind}`}>
            <div class="row">
              <strong>{entry.kind}</strong>
              {entry.attempt !== null && <span class="muted">attempt {entry.attempt}</span>}
              {entry.by && <span>by {entry.by}</span>}
              {entry.worker && <span class="muted">on {entry.worker}</span>}
              <time class="muted" dateTime={entry.at} title={absolute(entry.at)}>
                {before
                  ? `${clock(entry.at)}, +${duration(Math.max(0, Date.parse(entry.at) - Date.parse(before.at)))}`
                  : `${clock(entry.at)}, ${relative(entry.at, now.value)}`}
              </time>
            </div>
            {entry.error && <ErrorText error={entry.error} />}
          </li>
        );
      })}
    </ol>
  );
}

export function Logs({ lines }: { lines: readonly LogLine[] }) {
  const box = useRef<HTMLDivElement>(null);
  const atEnd = useRef(true);
  // who reads further up stays there
  useLayoutEffect(() => {
    if (atEnd.current) box.current?.scrollTo(0, box.current.scrollHeight);
  }, [lines.length]);
  const note = ({ scrollHeight, scrollTop, clientHeight }: HTMLDivElement) => {
    atEnd.current = scrollHeight - scrollTop - clientHeight < 30;
  };
  return (
    <section>
      <h3>Log</h3>
      <div
        ref={box}
        class="log"
        tabIndex={0}
        role="log"
        aria-label="Log of the task"
        onScroll={(event) => note(event.currentTarget)}
      >
        {lines.map((line) => (
          <p key={`${line.attempt}.${line.line}`} class={`level-${line.level}`}>
            <time dateTime={line.at} title={`attempt ${line.attempt}, ${absolute(line.at)}`}>
              {clock(line.at)}
            </time>{' '}
            <span class="level">{line.level}</span> {line.message}
          </p>
        ))}
      </div>
    </section>
  );
}
