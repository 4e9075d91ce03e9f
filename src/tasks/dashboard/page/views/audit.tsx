import { useState } from 'preact/hooks';
import { call } from '../data/api';
import { useLoaded } from '../data/loaded';
import { hrefOf } from '../data/router';
import type { AuditEntry, Page } from '../data/types';
import { shortId } from '../data/format';
import { Ago, Empty, Loading, Problem, Table } from '../ui/parts';

/** Who did what, and when. */
export function Audit() {
  const [older, setOlder] = useState<readonly AuditEntry[]>([]);
  const [cursor, setCursor] = useState<string | null | undefined>(undefined);
  const { data, error, reload } = useLoaded((signal) => call<Page<AuditEntry>>('/audit', { signal }), []);
  const next = cursor === undefined ? data?.nextCursor : cursor;
  const more = async () => {
    const page = await call<Page<AuditEntry>>('/audit', { query: { cursor: next ?? undefined } });
    setOlder([...older, ...page.items]);
    setCursor(page.nextCursor);
  };
  const items = [...(data?.items ?? []), ...older];
  return (
    <>
      <h1>Audit</h1>
      {error && <Problem error={error} retry={() => void reload()} />}
      {!data && !error && <Loading />}
      {data && items.length === 0 && (
        <Empty title="Nothing yet">
          <p class="muted">What operators do to tasks, queues and workers is recorded here.</p>
        </Empty>
      )}
      {items.length > 0 && (
        <Table label="What operators did" head={['When', 'Who', 'What', 'Task', 'Detail']}>
          {items.map((entry) => (
            <tr key={entry.id}>
              <td>
                <Ago at={entry.at} />
              </td>
              <td>{entry.by ?? 'the application'}</td>
              <th scope="row">{entry.action}</th>
              <td>
                {entry.taskId ? (
                  <a href={hrefOf('tasks', { task: entry.taskId })}>…{shortId(entry.taskId)}</a>
                ) : (
                  '–'
                )}
              </td>
              <td class="detail">{summary(entry.detail)}</td>
            </tr>
          ))}
        </Table>
      )}
      {next && (
        <p class="more">
          <button type="button" onClick={() => void more()}>
            Load older entries
          </button>
        </p>
      )}
    </>
  );
}

function summary(detail: unknown): string {
  if (typeof detail !== 'object' || detail === null) return '';
  return Object.entries(detail)
    .filter(([, value]) => value !== null)
    .map(([name, value]) => `${name}: ${textOf(value)}`)
    .join(', ');
}

function textOf(value: unknown): string {
  if (typeof value !== 'object' || value === null) return String(value);
  const { name, message } = value as { name?: unknown; message?: unknown };
  return typeof message === 'string'
    ? `${String(name)}: ${message.slice(0, 80)}`
    : JSON.stringify(value).slice(0, 80);
}
