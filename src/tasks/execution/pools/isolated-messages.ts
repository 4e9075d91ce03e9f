import type { ClaimedTask } from '../../store/statements/claim.js';
import type { TaskAborted } from '../control.js';
import type { Outcome } from '../outcome.js';

/** What a thread or process that runs isolated tasks is told. */
export type IsolatedOrder =
  | { readonly kind: 'run'; readonly task: ClaimedTask }
  | {
      readonly kind: 'abort';
      readonly id: string;
      readonly why: TaskAborted['why'];
      readonly message: string;
    };

/** What it tells. */
export type IsolatedMessage =
  | { readonly kind: 'ready' }
  | { readonly kind: 'progress'; readonly id: string; readonly progress: string }
  | { readonly kind: 'outcome'; readonly id: string; readonly outcome: Outcome };
