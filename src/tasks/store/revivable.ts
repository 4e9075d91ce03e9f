import { EDGE_POLICY } from './statements/cascade.js';
import type { Fallen } from './statements/revive.js';

/** That one task waits for another. */
export interface Parent {
  readonly parent: string;
  readonly child: string;
  readonly policy: number;
}

/**
 * Which tasks of a workflow can be brought back, and for how many others each has to wait then. What ended only
 * because of others comes back when one of these does, and none that it needs stays fallen.
 * @param all those that did not end well
 * @param live who runs or waits still
 * @param only just this one and what it dragged along
 */
export function revivable(
  all: readonly Fallen[],
  parents: readonly Parent[],
  live: ReadonlySet<string>,
  only: string | undefined,
): Map<string, number> {
  const fallen = new Set(all.map(({ id }) => id));
  const parentsOf = new Map<string, Parent[]>();
  for (const edge of parents) {
    const known = parentsOf.get(edge.child);
    if (known) known.push(edge);
    else parentsOf.set(edge.child, [edge]);
  }
  const own = (id: string) => parentsOf.get(id) ?? [];
  const back = new Set<string>();
  const comesBack = ({ id, dragged }: Fallen) => {
    const missing = ({ parent, policy }: Parent) =>
      policy === EDGE_POLICY.required && fallen.has(parent) && !back.has(parent);
    if (own(id).some(missing)) return false;
    return dragged ? own(id).some(({ parent }) => back.has(parent)) : only === undefined || id === only;
  };
  // in any order: what a running task added, or put in its place, is younger than what waits for it
  for (let before = -1; before < back.size;) {
    before = back.size;
    for (const each of all) if (!back.has(each.id) && comesBack(each)) back.add(each.id);
  }
  const waits = ({ parent }: Parent) => live.has(parent) || back.has(parent);
  return new Map([...back].map((id) => [id, own(id).filter(waits).length]));
}
