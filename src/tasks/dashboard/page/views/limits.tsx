import { useState } from 'preact/hooks';
import { call } from '../data/api';
import { count, duration } from '../data/format';
import { useLoaded } from '../data/loaded';
import type { ChangedLimits, Stats } from '../data/types';
import { Problem, Table } from '../ui/parts';
import { tell } from '../ui/toasts';

const HEAD = ['Task', 'Starts', 'Soft time limit', 'Time limit', 'Actions'];
const AS_CODE = 'as its code says';

const change = (task: string, kind: 'rate' | 'time', body: object) =>
  call(`/limits/${encodeURIComponent(task)}/${kind}`, { method: 'POST', body });

/** How often tasks may start and how long they may run, changed in every worker while they run. */
export function Limits() {
  const { data, error, reload } = useLoaded(
    (signal) => call<{ items: ChangedLimits[] }>('/limits', { signal }),
    [],
    5000,
  );
  const reset = (task: string) =>
    tell(async () => {
      await change(task, 'rate', {});
      await change(task, 'time', {});
      await reload();
      return `${task} is limited ${AS_CODE}`;
    });
  return (
    <section class="limits" aria-label="Changed limits">
      <h2>Limits of tasks</h2>
      <p class="muted">
        Changed here, they hold in every worker over what the code says, until they are changed again.
      </p>
      {error && <Problem error={error} retry={() => void reload()} />}
      {data && data.items.length > 0 && (
        <Table label="Changed limits" head={HEAD}>
          {data.items.map((limits) => (
            <tr key={limits.task}>
              <th scope="row">{limits.task}</th>
              <td>{rateText(limits)}</td>
              <td>{timeText(limits.softTimeLimitMs)}</td>
              <td>{timeText(limits.timeLimitMs)}</td>
              <td>
                <button
                  type="button"
                  class="quiet"
                  aria-label={`Reset ${limits.task}`}
                  onClick={() => void reset(limits.task)}
                >
                  Reset
                </button>
              </td>
            </tr>
          ))}
        </Table>
      )}
      <LimitForm reload={reload} />
    </section>
  );
}

const FIELDS = [
  ['rate', 'Rate', '10/m, 5/s, 0: any'],
  ['soft', 'Soft time limit', '20s, 0: none'],
  ['hard', 'Time limit', '30s, 0: none'],
] as const;

/** The routes change two at once, and what they are not given is as the code says. */
async function changeSome(task: string, { rate = '', soft = '', hard = '' }: Record<string, string>) {
  const { items } = await call<{ items: ChangedLimits[] }>('/limits');
  const now = items.find((limits) => limits.task === task);
  if (rate !== '') await change(task, 'rate', { rate: numberOr(rate), burst: now?.burst });
  if (soft + hard !== '')
    await change(task, 'time', {
      soft: numberOr(soft) ?? now?.softTimeLimitMs,
      hard: numberOr(hard) ?? now?.timeLimitMs,
    });
}

/** What is left empty stays as it is. */
function LimitForm({ reload }: { reload: () => Promise<void> }) {
  const stats = useLoaded((signal) => call<Stats>('/stats', { query: { window: '24h' }, signal }), []);
  const [task, setTask] = useState('');
  const [given, setGiven] = useState<Record<string, string>>({});
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    const done = await tell(async () => {
      if (Object.values(given).join('') === '') throw new Error('Give a rate or a time limit');
      await changeSome(task, given);
      await reload();
      return `The limits of ${task} are changed`;
    });
    if (done) setGiven({});
  };
  return (
    <form class="row" onSubmit={(event) => void submit(event)}>
      <input
        aria-label="Task to limit"
        placeholder="A task"
        required
        list="limited-tasks"
        value={task}
        onInput={(event) => setTask(event.currentTarget.value)}
      />
      <datalist id="limited-tasks">
        {stats.data?.names.map(({ name }) => (
          <option key={name} value={name} />
        ))}
      </datalist>
      {FIELDS.map(([name, title, hint]) => (
        <input
          key={name}
          aria-label={title}
          placeholder={`${title}: ${hint}`}
          value={given[name] ?? ''}
          onInput={(event) => setGiven({ ...given, [name]: event.currentTarget.value.trim() })}
        />
      ))}
      <button type="submit">Change limits</button>
    </form>
  );
}

function rateText({ rate, burst }: ChangedLimits): string {
  if (rate === null) return AS_CODE;
  if (rate === 0) return 'any number';
  const text =
    rate >= 1
      ? `${count(rate)} a second`
      : rate * 60 >= 1
        ? `${count(rate * 60)} a minute`
        : `${count(rate * 3600)} an hour`;
  return burst === null ? text : `${text}, ${count(burst)} at once`;
}

const timeText = (ms: number | null) => (ms === null ? AS_CODE : ms === 0 ? 'none' : duration(ms));

/** A number is one; '' is left out. */
function numberOr(text: string): string | number | undefined {
  if (text === '') return undefined;
  return /^\d+(\.\d+)?$/.test(text) ? Number(text) : text;
}
