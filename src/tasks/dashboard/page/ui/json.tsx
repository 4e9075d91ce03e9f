import { useState } from 'preact/hooks';
import { count } from '../data/format';
import { CopyButton } from './parts';

const SHOWN = 8000;
const MOST = 200_000;
/** What the server puts in the place of a secret. */
export const COVERED = '••••••';

/** A value as text, never as HTML: cut where it is long. */
export function Json({ value, label }: { value: unknown; label: string }) {
  const [all, setAll] = useState(false);
  const whole = JSON.stringify(value, null, 2) ?? 'null';
  const most = all ? MOST : SHOWN;
  return (
    <div class="json">
      <p class="row">
        <span class="muted">{label}</span>
        <CopyButton text={() => whole} label={`Copy ${label}`}>
          Copy
        </CopyButton>
      </p>
      <pre tabIndex={0} aria-label={label}>
        {whole.length > most ? `${whole.slice(0, most)}…` : whole}
      </pre>
      {whole.length > SHOWN && !all && (
        <p>
          <button type="button" class="quiet" onClick={() => setAll(true)}>
            Show {whole.length > MOST ? 'more' : 'all'} of {count(whole.length)} characters
          </button>
        </p>
      )}
    </div>
  );
}
