import { signal } from '@preact/signals';

interface Toast {
  readonly id: number;
  readonly text: string;
  readonly kind: 'good' | 'bad';
}

const toasts = signal<readonly Toast[]>([]);
let last = 0;

/** Tells what became of something, for some seconds. */
export function say(text: string, kind: Toast['kind'] = 'good'): void {
  const toast = { id: ++last, text, kind };
  toasts.value = [...toasts.peek().slice(-3), toast];
  setTimeout(() => {
    toasts.value = toasts.peek().filter((other) => other !== toast);
  }, 6000);
}

/** Does it, and tells whether it went well. @returns whether it did */
export async function tell(work: () => Promise<string | undefined>): Promise<boolean> {
  try {
    const text = await work();
    if (text !== undefined) say(text);
    return true;
  } catch (error) {
    say((error as Error).message, 'bad');
    return false;
  }
}

export function Toasts() {
  return (
    <div class="toasts" role="status">
      {toasts.value.map((toast) => (
        <p key={toast.id} class={`toast ${toast.kind}`}>
          {toast.text}
        </p>
      ))}
    </div>
  );
}
