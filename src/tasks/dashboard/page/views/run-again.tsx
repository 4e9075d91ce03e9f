import { useState } from 'preact/hooks';
import { addressOf, call } from '../data/api';
import { useLoaded } from '../data/loaded';
import { adjust } from '../data/router';
import type { Task } from '../data/types';
import { Dialog } from '../ui/dialog';
import { Loading, Problem } from '../ui/parts';
import { say } from '../ui/toasts';

/** The task once more, under a new id, with these arguments or others. */
export function RunAgain({ task, onClose }: { task: Task; onClose: () => void }) {
  const { data, error } = useLoaded(
    (signal) => call<Task>(`/${encodeURIComponent(task.id)}`, { signal }),
    [task.id],
  );
  return (
    <Dialog title={`Run ${task.name} again`} onClose={onClose}>
      {error && <Problem error={error} />}
      {data ? <Form task={data} onClose={onClose} /> : <Loading rows={3} />}
    </Dialog>
  );
}

function Form({ task, onClose }: { task: Task; onClose: () => void }) {
  const [text, setText] = useState(JSON.stringify(task.args ?? [], null, 2));
  const [problem, setProblem] = useState<Error | undefined>();
  const run = async (event: SubmitEvent) => {
    event.preventDefault();
    try {
      const args = parseArgs(text);
      const { name, queue, priority, tags } = task;
      const body = { args, options: { queue, priority, ...(Object.keys(tags).length > 0 && { tags }) } };
      const { id } = await call<Task>(`/${encodeURIComponent(name)}`, { method: 'POST', body });
      say(`${name} runs as a new task`);
      onClose();
      adjust({ task: id });
    } catch (error) {
      setProblem(error as Error);
    }
  };
  return (
    <form onSubmit={(event) => void run(event)}>
      <label for="again-args">Arguments, a JSON array</label>
      <textarea
        id="again-args"
        rows={Math.min(18, text.split('\n').length + 1)}
        spellcheck={false}
        value={text}
        onInput={(event) => setText(event.currentTarget.value)}
      />
      {problem && <Problem error={problem} />}
      <footer>
        <button type="submit" class="primary">
          Run again
        </button>
      </footer>
    </form>
  );
}

/** @throws Error for people */
export function parseArgs(text: string): unknown[] {
  let args: unknown;
  try {
    args = JSON.parse(text);
  } catch (error) {
    throw new Error(`This is no JSON: ${(error as Error).message}`, { cause: error });
  }
  if (!Array.isArray(args)) throw new Error('Expected an array: [first, second]');
  return args;
}

/** How to submit the same from a shell or from the application. */
export function CopyAsCode({ id, name }: { id: string; name: string }) {
  const copyOf = (make: (args: unknown[]) => string) => async () => {
    try {
      const { args } = await call<Task>(`/${encodeURIComponent(id)}`);
      await navigator.clipboard.writeText(make(args ?? []));
      say('Copied');
    } catch (error) {
      say((error as Error).message, 'bad');
    }
  };
  return (
    <>
      <button type="button" class="quiet" onClick={() => void copyOf((args) => curlOf(name, args))()}>
        Copy as curl
      </button>
      <button type="button" class="quiet" onClick={() => void copyOf((args) => codeOf(name, args))()}>
        Copy as code
      </button>
    </>
  );
}

export function curlOf(name: string, args: readonly unknown[]): string {
  const body = JSON.stringify({ args }).replaceAll("'", String.raw`'\''`);
  return `curl -X POST '${addressOf(`/${encodeURIComponent(name)}`).href}' -H 'content-type: application/json' -H "authorization: Bearer $KEY" -d '${body}'`;
}

export function codeOf(name: string, args: readonly unknown[]): string {
  return `await tasks.submit(${JSON.stringify(name)}, ${JSON.stringify(args)});`;
}
