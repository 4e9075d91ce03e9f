/**
 * SQL: whether a living worker takes from a queue.
 * @param w the worker's alias @param queue an expression
 */
export const listensTo = (w: string, queue: string) => `
  ${w}.info->'supervisor' IS NULL AND ${w}.dead_at IS NULL AND ${w}.lease_until > clock_timestamp() AND NOT coalesce((${w}.status->>'paused')::boolean, false)
  AND (coalesce(${w}.status, ${w}.info)->'queues' ? ${queue}
    OR (${w}.info->>'all' = 'true' AND NOT coalesce(${w}.status->'cancelled' ? ${queue}, false)))`;
