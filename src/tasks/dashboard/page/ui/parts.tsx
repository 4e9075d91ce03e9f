import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import { absolute, now, relative } from '../data/format';
import { Icon } from './icons';
import { say } from './toasts';

/** A time as people say it; the exact one on hover and to screen readers. */
export function Ago({ at }: { at: string | null }) {
  if (at === null) return <span class="muted">–</span>;
  return (
    <time dateTime={at} title={absolute(at)}>
      {relative(at, now.value)}
    </time>
  );
}

export function Bar({ percent, label }: { percent: number; label: string }) {
  return (
    <span
      class="bar"
      role="progressbar"
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={Math.round(percent)}
    >
      <span class="bar-done" style={{ width: `${percent}%` }} />
    </span>
  );
}

export function CopyButton({
  text,
  label,
  children,
}: {
  text: () => string;
  label?: string;
  children?: ComponentChildren;
}) {
  const [done, setDone] = useState(false);
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text());
      setDone(true);
      setTimeout(() => setDone(false), 1500);
    } catch {
      say('The browser does not let this page copy: it needs https or localhost', 'bad');
    }
  };
  return (
    <button type="button" class="quiet" onClick={() => void copy()} aria-label={label}>
      <Icon name={done ? 'success' : 'copy'} />
      {done ? 'Copied' : children}
    </button>
  );
}

/** What stands where there is nothing to show. */
export function Empty({ title, children }: { title: string; children?: ComponentChildren }) {
  return (
    <div class="empty">
      <h2>{title}</h2>
      {children}
    </div>
  );
}

export function Problem({ error, retry }: { error: Error; retry?: () => void }) {
  return (
    <div class="problem" role="alert">
      <Icon name="failure" />
      <span>{error.message}</span>
      {retry && (
        <button type="button" onClick={retry}>
          Try again
        </button>
      )}
    </div>
  );
}

export function Loading({ rows = 6 }: { rows?: number }) {
  return (
    <div class="loading" role="status" aria-label="Loading">
      {Array.from({ length: rows }, (_, i) => (
        <span key={i} />
      ))}
    </div>
  );
}

/** A table that scrolls sideways where it is too wide, by keys too. */
export function Table({
  label,
  head,
  children,
}: {
  label: string;
  head: readonly string[];
  children: ComponentChildren;
}) {
  return (
    <div class="table-scroll" tabIndex={0} role="region" aria-label={label}>
      <table>
        <thead>
          <tr>
            {head.map((title) => (
              <th key={title} scope="col">
                {title}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>{children}</tbody>
      </table>
    </div>
  );
}
