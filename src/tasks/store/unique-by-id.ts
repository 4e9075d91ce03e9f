const BY_ID = (a: { id: string }, b: { id: string }) => (a.id < b.id ? -1 : a.id > b.id ? 1 : 0);

/**
 * Sorted, so that two batches lock rows in the same order; once each, since two waiters for one id must not both get
 * the row.
 */
export function uniqueById<T extends { id: string }>(items: readonly T[]): T[] {
  const sorted = [...items].sort(BY_ID);
  return sorted.filter((item, i) => i === 0 || item.id !== sorted[i - 1]!.id);
}
