import { useState } from 'preact/hooks';
import { call } from '../data/api';
import { capped, count, plural } from '../data/format';
import { ask } from '../ui/dialog';
import { say, tell } from '../ui/toasts';

export type BulkAction = 'retry' | 'revoke' | 'forget';

const WORDS: Readonly<Record<BulkAction, { title: string; text: string; done: string }>> = {
  retry: { title: 'Retry', text: 'They run again, under their ids and with fresh retries.', done: 'retried' },
  revoke: {
    title: 'Revoke',
    text: 'Those that wait end at once; the workers of those that run are asked to stop them.',
    done: 'revoked',
  },
  forget: { title: 'Forget', text: 'Their records are removed for good.', done: 'forgotten' },
};
const CAP = 10_000;
const ROUNDS = 100;

/** Counts, asks, and does it to all that fit. @returns whether it was done */
export async function actOnMany(
  action: BulkAction,
  filter: Readonly<Record<string, string>>,
): Promise<boolean> {
  const { title, text, done } = WORDS[action];
  return tell(async () => {
    const body = { action, filter };
    const found = await call<{ count: number; capped: boolean }>('/bulk-actions', {
      method: 'POST',
      body: { ...body, count: true },
    });
    if (found.count === 0) return `There is nothing to ${action}.`;
    const n = found.capped ? capped(CAP, CAP) : count(found.count);
    const what = `${title} ${n} ${plural(found.count, 'task')}`;
    if (!(await ask(`${what}?`, text, what, action !== 'retry'))) return undefined;
    const sum = await inRounds(body);
    return [
      `${count(sum.done)} ${plural(sum.done, 'task')} ${done}`,
      ...(sum.skipped > 0 ? [`${count(sum.skipped)} had moved on`] : []),
      ...(sum.nextCursor !== null ? ['and there are more'] : []),
    ].join(', ');
  });
}

interface Sum {
  readonly done: number;
  readonly skipped: number;
  readonly nextCursor: string | null;
}

/** Each goes on where the one before stopped: what failed again meanwhile is not taken twice. */
async function inRounds(body: object): Promise<Sum> {
  const act = (more: object) => call<Sum>('/bulk-actions', { method: 'POST', body: { ...body, ...more } });
  let sum = await act({});
  for (let round = 1; round < ROUNDS && sum.nextCursor !== null; round++) {
    const { done, skipped, nextCursor } = await act({ cursor: sum.nextCursor });
    sum = { done: sum.done + done, skipped: sum.skipped + skipped, nextCursor };
  }
  return sum;
}

/** For all that fit the search. */
export function BulkActions({
  filter,
  reload,
}: {
  filter: Readonly<Record<string, string>>;
  reload: () => void;
}) {
  const [busy, setBusy] = useState(false);
  const act = async (action: BulkAction) => {
    if (Object.keys(filter).length === 0)
      return say('Narrow the list first: by a state, a name, a tag or a text', 'bad');
    setBusy(true);
    await actOnMany(action, filter);
    setBusy(false);
    return reload();
  };
  return (
    <div class="bulk" role="group" aria-label="All that fit">
      <span class="muted">All that fit:</span>
      {(['retry', 'revoke', 'forget'] as const).map((action) => (
        <button key={action} type="button" disabled={busy} onClick={() => void act(action)}>
          {WORDS[action].title}…
        </button>
      ))}
    </div>
  );
}
