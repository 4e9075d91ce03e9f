import type { Workflow } from './types.js';

export interface Placed {
  readonly id: string;
  readonly x: number;
  readonly y: number;
}

export const NODE = { width: 190, height: 44, gapX: 60, gapY: 16 };
/** Where a layer has more, short ones beside it begin at the top: their middle would be out of sight. */
const CENTERED = 12;

/** Each node one layer after the last of those it waits for; within a layer near those it comes from. */
export function layersOf({ nodes, edges }: Pick<Workflow, 'nodes' | 'edges'>): Map<string, Placed> {
  const parents = new Map<string, string[]>(nodes.map((node) => [node.id, []]));
  for (const { from, to } of edges) if (parents.has(from)) parents.get(to)?.push(from);
  const depth = depths(parents);
  const layers: string[][] = [];
  for (const { id } of nodes) (layers[depth.get(id)!] ??= []).push(id);
  const placed = new Map<string, Placed>();
  const tallest = Math.max(0, ...layers.map((layer) => layer.length));
  layers.forEach((layer, x) => {
    const above = tallest <= CENTERED ? (tallest - layer.length) / 2 : 0;
    const middle = (id: string) => {
      const from = parents.get(id)!.flatMap((parent) => placed.get(parent)?.y ?? []);
      return from.length === 0 ? 0 : from.reduce((sum, y) => sum + y, 0) / from.length;
    };
    layer
      .map((id, order) => ({ id, order, middle: middle(id) }))
      .sort((a, b) => a.middle - b.middle || a.order - b.order)
      .forEach(({ id }, y) =>
        placed.set(id, { id, x: x * (NODE.width + NODE.gapX), y: (above + y) * (NODE.height + NODE.gapY) }),
      );
  });
  return placed;
}

/** In rounds, without recursion: chains may be long. What a circle would hold up stays in the first layer. */
function depths(parents: ReadonlyMap<string, readonly string[]>): Map<string, number> {
  const depth = new Map<string, number>();
  const children = new Map<string, string[]>();
  const open = new Map<string, number>();
  for (const [id, above] of parents) {
    open.set(id, above.length);
    for (const parent of above) children.set(parent, [...(children.get(parent) ?? []), id]);
  }
  let round = [...parents.keys()].filter((id) => open.get(id) === 0);
  for (let level = 0; round.length > 0; level++) {
    const next: string[] = [];
    for (const id of round) {
      depth.set(id, level);
      for (const child of children.get(id) ?? []) {
        open.set(child, open.get(child)! - 1);
        if (open.get(child) === 0) next.push(child);
      }
    }
    round = next;
  }
  for (const id of parents.keys()) if (!depth.has(id)) depth.set(id, 0);
  return depth;
}
