import { describe, expect, it } from '@jest/globals';
import { layersOf } from '../../src/tasks/dashboard/page/data/layers.js';

const node = (id: string) => ({ id, name: id, state: 'PENDING' as const, progress: null, error: null });
const edge = (from: string, to: string) => ({ from, to, kind: 'result' as const });

describe('the graph of a workflow', () => {
  it('has each task after all that it waits for, and none above another', () => {
    const nodes = ['a', 'b', 'c', 'd', 'e'].map(node);
    const edges = [
      edge('a', 'b'),
      edge('a', 'c'),
      edge('b', 'd'),
      edge('c', 'd'),
      edge('a', 'd'),
      edge('d', 'e'),
    ];
    const placed = layersOf({ nodes, edges });
    for (const { from, to } of edges) expect(placed.get(from)!.x).toBeLessThan(placed.get(to)!.x);
    expect(placed.get('b')!.x).toBe(placed.get('c')!.x);
    expect(new Set([...placed.values()].map(({ x, y }) => `${x} ${y}`)).size).toBe(5);
  });

  it('stands long chains, circles, and edges to tasks that are not shown', () => {
    const ids = Array.from({ length: 5000 }, (_, i) => String(i));
    const chain = ids.slice(1).map((id, i) => edge(String(i), id));
    expect(layersOf({ nodes: ids.map(node), edges: chain }).size).toBe(5000);
    const circle = [edge('a', 'b'), edge('b', 'a'), edge('x', 'a'), edge('a', 'y')];
    expect(layersOf({ nodes: ['a', 'b'].map(node), edges: circle }).size).toBe(2);
  });
});
