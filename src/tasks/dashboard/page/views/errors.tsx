import { useState } from 'preact/hooks';
import { call } from '../data/api';
import { count, plural } from '../data/format';
import { useLoaded } from '../data/loaded';
import { adjust, hrefOf, route } from '../data/router';
import type { ErrorGroup } from '../data/types';
import { Ago, Empty, Loading, Problem } from '../ui/parts';
import { actOnMany } from './bulk-actions';

/** Failures by their cause: what is wrong, how often, since when, and all of them again. */
export function Errors() {
  const { q = '' } = route.value.query;
  const { data, error, reload } = useLoaded(
    (signal) => call<{ items: ErrorGroup[] }>('/errors', { query: { search: q }, signal }),
    [q],
    2000,
  );
  return (
    <>
      <div class="title-row">
        <h1>Errors</h1>
        <form role="search" onSubmit={(event) => event.preventDefault()}>
          <input
            type="search"
            aria-label="Search errors"
            placeholder="A part of the task, the error or its message"
            value={q}
            onInput={(event) => adjust({ q: event.currentTarget.value || undefined }, false)}
          />
        </form>
      </div>
      {error && <Problem error={error} retry={() => void reload()} />}
      {!data && !error && <Loading />}
      {data?.items.length === 0 && (
        <Empty title={q ? 'No error fits' : 'No failures'}>
          <p class="muted">{q ? 'Try fewer words.' : 'Tasks that fail are gathered here by their cause.'}</p>
        </Empty>
      )}
      <ul class="groups">
        {data?.items.map((group) => (
          <Group key={group.fingerprint} group={group} reload={reload} />
        ))}
      </ul>
    </>
  );
}

function Group({ group, reload }: { group: ErrorGroup; reload: () => Promise<void> }) {
  const [busy, setBusy] = useState(false);
  const retry = async () => {
    setBusy(true);
    await actOnMany('retry', { error: group.fingerprint });
    setBusy(false);
    await reload();
  };
  return (
    <li class="group">
      <div class="group-text">
        <p>
          <a href={hrefOf('tasks', { q: `error:${group.fingerprint}` })}>
            <strong>{group.errorName}</strong> in {group.name}
          </a>
        </p>
        <p class="message">{group.message || 'without a message'}</p>
        {group.frame && (
          <p class="muted">
            at <code>{group.frame}</code>
          </p>
        )}
      </div>
      <div class="group-facts">
        <p>
          <strong>{count(group.count)}</strong> {plural(group.count, 'failure')}
        </p>
        <p class="muted">
          last <Ago at={group.lastSeen} />, first <Ago at={group.firstSeen} />
        </p>
        <p class="row">
          <a class="button" href={hrefOf('tasks', { task: group.sampleId })}>
            Look at one
          </a>
          <button type="button" disabled={busy} onClick={() => void retry()}>
            Retry all…
          </button>
        </p>
      </div>
    </li>
  );
}
