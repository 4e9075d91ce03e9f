import { useEffect, useState } from 'preact/hooks';
import { call } from '../data/api';
import { useLoaded } from '../data/loaded';
import { adjust, go, hrefOf, route } from '../data/router';
import type { RegisteredTask, Task } from '../data/types';
import { Empty, Loading, Problem } from '../ui/parts';
import { say } from '../ui/toasts';
import { Field, emptyValue, kindOf } from './schema-field';

/** A form for each task, made from its schema. */
export function Submit() {
  const { data, error, reload } = useLoaded(
    (signal) => call<{ items: RegisteredTask[] }>('/registered', { signal }),
    [],
  );
  const chosen = data?.items.find((task) => task.name === route.value.query.name) ?? data?.items[0];
  return (
    <>
      <h1>Submit a task</h1>
      {error && <Problem error={error} retry={() => void reload()} />}
      {!data && !error && <Loading />}
      {data?.items.length === 0 && (
        <Empty title="No task can be submitted over HTTP">
          <p class="muted">
            A task says so itself: <code>{'@Task({ http: true })'}</code>
          </p>
        </Empty>
      )}
      {data && chosen && (
        <div class="submit">
          <label for="task-name">Task</label>
          <select
            id="task-name"
            value={chosen.name}
            onChange={(event) => adjust({ name: event.currentTarget.value })}
          >
            {data.items.map((task) => (
              <option key={task.name}>{task.name}</option>
            ))}
          </select>
          <Form key={chosen.name} task={chosen} />
        </div>
      )}
    </>
  );
}

const OPTIONS = [
  ['countdown', 'Countdown', 'such as 10s or 5m'],
  ['priority', 'Priority', '0 to 9'],
  ['queue', 'Queue', 'the task’s own'],
  ['idempotencyKey', 'Idempotency key', 'none'],
] as const;

function Form({ task }: { task: RegisteredTask }) {
  const [values, setValues] = useState<unknown[]>(() => task.args.map((arg) => emptyValue(arg.schema)));
  const [options, setOptions] = useState<Record<string, string>>({});
  const [problem, setProblem] = useState<(Error & { path?: string }) | undefined>();
  useEffect(() => setProblem(undefined), [task]);
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    try {
      const given = Object.entries(options).filter(([, value]) => value !== '');
      const body = {
        args: trimmed(values, task),
        options: Object.fromEntries(
          given.map(([name, value]) => [name, name === 'priority' ? Number(value) : value]),
        ),
      };
      const { id } = await call<Task>(`/${encodeURIComponent(task.name)}`, { method: 'POST', body });
      say(`${task.name} was submitted`);
      go(hrefOf('tasks', { task: id }));
    } catch (error) {
      setProblem(error as Error);
    }
  };
  return (
    <form onSubmit={(event) => void submit(event)}>
      {task.args.length === 0 && <p class="muted">It takes no arguments.</p>}
      {task.args.map((arg, i) => (
        <Field
          key={i}
          id={`arg-${i}`}
          label={labelOf(arg, i)}
          schema={arg.schema}
          required={arg.required}
          value={values[i]}
          onChange={(value) => setValues(values.with(i, value))}
        />
      ))}
      <details>
        <summary>Options</summary>
        {OPTIONS.map(([name, title, hint]) => (
          <div key={name} class="field">
            <label for={`option-${name}`}>{title}</label>
            <input
              id={`option-${name}`}
              placeholder={hint}
              value={options[name] ?? ''}
              onInput={(event) => setOptions({ ...options, [name]: event.currentTarget.value })}
            />
          </div>
        ))}
      </details>
      {problem && (
        <Problem error={problem.path ? new Error(`${problem.path}: ${problem.message}`) : problem} />
      )}
      <p>
        <button type="submit" class="primary">
          Submit {task.name}
        </button>
      </p>
    </form>
  );
}

function labelOf({ name, schema }: RegisteredTask['args'][number], i: number): string {
  const title = typeof schema.title === 'string' ? schema.title : (name ?? `Argument ${i + 1}`);
  return `${title} (${kindOf(schema)})`;
}

/** Optional arguments at the end that were left empty are not sent. */
function trimmed(values: readonly unknown[], task: RegisteredTask): unknown[] {
  const sent = [...values];
  while (sent.length > 0 && sent.at(-1) === undefined && !task.args[sent.length - 1]!.required) sent.pop();
  return sent.map((value) => (value === undefined ? null : value));
}
