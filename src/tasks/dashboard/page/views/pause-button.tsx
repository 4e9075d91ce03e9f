import { call } from '../data/api';
import type { Queue } from '../data/types';
import { Icon } from '../ui/icons';
import { tell } from '../ui/toasts';

export function PauseButton({
  queue: { name, pausedAt },
  reload,
}: {
  queue: Queue;
  reload: () => Promise<void>;
}) {
  const change = () =>
    tell(async () => {
      await call(`/queues/${encodeURIComponent(name)}/${pausedAt ? 'resume' : 'pause'}`, { method: 'POST' });
      await reload();
      return `${name} is ${pausedAt ? 'resumed' : 'paused: nothing more is taken from it'}`;
    });
  const what = pausedAt ? 'Resume' : 'Pause';
  return (
    <button
      type="button"
      class={pausedAt ? 'warn' : 'quiet'}
      onClick={() => void change()}
      aria-label={`${what} ${name}`}
    >
      <Icon name={pausedAt ? 'play' : 'pause'} />
      {pausedAt ? 'Paused' : 'Pause'}
    </button>
  );
}
