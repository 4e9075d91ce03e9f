import { call } from '../data/api';
import { useLoaded } from '../data/loaded';
import { adjust, hrefOf } from '../data/router';
import type { RegisteredTask, Task } from '../data/types';
import { Empty } from '../ui/parts';
import { tell } from '../ui/toasts';

/** Where there are no tasks yet: one to look at, if the application has the demonstration tasks. */
export function DemoOffer() {
  const { data } = useLoaded((signal) => call<{ items: RegisteredTask[] }>('/registered', { signal }), []);
  const demo = data?.items.some((task) => task.name === 'demo.progress');
  const run = () =>
    tell(async () => {
      const { id } = await call<Task>('/demo.progress', { method: 'POST', body: { args: [20, 500] } });
      adjust({ task: id });
      return 'demo.progress runs for ten seconds';
    });
  return (
    <Empty title="No tasks yet">
      <p class="muted">What the application submits appears here by itself.</p>
      <p class="row">
        {demo && (
          <button type="button" class="primary" onClick={() => void run()}>
            Run a demonstration task
          </button>
        )}
        <a class="button" href={hrefOf('submit')}>
          Submit a task
        </a>
      </p>
    </Empty>
  );
}
