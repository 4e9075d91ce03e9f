import { toMilliseconds, type Duration } from '../duration.js';
import { taskSignature, type Signature } from './signature.js';

export const WAIT = 'celeriac.wait';

/**
 * A step that ends when `TaskService.workflows.signal(id, name, payload)` is called for its workflow; the payload is its
 * result. Meanwhile it holds no slot.
 * @param options `timeout` from when the step before has ended; then it fails with SignalTimeoutError. Default: for ever.
 */
export function waitForSignal<R = unknown>(
  name: string,
  { timeout }: { timeout?: Duration | undefined } = {},
): Signature<unknown, R, true> {
  const timeoutMs = timeout === undefined ? null : toMilliseconds(timeout, 'timeout');
  return taskSignature(WAIT, [name, timeoutMs], true, undefined);
}
