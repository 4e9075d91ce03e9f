import { relocated } from '../../errors.js';

/**
 * Options stand below `options` in a request: what was wrong with `priority` was wrong with `options.priority`.
 * @param keyInHeader whether the idempotency key came as a header
 */
export function inRequest(error: unknown, keyInHeader: boolean): unknown {
  return relocated(error, (path) =>
    keyInHeader && path === 'idempotencyKey' ? 'Idempotency-Key' : requestPath(path),
  );
}

/** The same for the tasks of `POST /tasks/bulk`: `[3].priority` is `tasks[3].options.priority` there. */
export function inBulk(error: unknown): unknown {
  return relocated(error, (path) => {
    const [, index, rest] = /^(\[\d+\])\.(.*)$/s.exec(path) ?? [];
    return rest === undefined ? path : `tasks${index}.${requestPath(rest)}`;
  });
}

function requestPath(path: string): string {
  return /^(args|name)\b/.test(path) ? path : `options.${path}`;
}
