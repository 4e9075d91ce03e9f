import { EDGE_POLICY } from '../store/statements/cascade.js';
import type { Feed } from '../store/task-record.entity.js';
import type { TaskStep } from './step.js';

/** Where the results of steps come from: the tasks, and what is made of their results. */
export interface Output {
  readonly ends: readonly End[];
  readonly feed: Feed;
}

/** A task, and when its end counts for what comes after it. */
export interface End {
  readonly node: Node;
  readonly policy: number;
}

/** A task to be. */
export interface Node {
  readonly id: string;
  readonly step: TaskStep;
  readonly path: string;
  readonly groupId: string | null;
  waitsFor: number;
  awaitedBy: number;
  /** Whether one of those that wait for it waits for nothing else. */
  leadsOn: boolean;
  feed: Feed | undefined;
  /** What it gets of an empty group. */
  constant: unknown[] | undefined;
}

export const alone = (node: Node, policy: number = EDGE_POLICY.required, feed: Feed = 0): Output => ({
  ends: [{ node, policy }],
  feed,
});

export const tolerating = (ends: readonly End[], allowFailures: boolean): readonly End[] =>
  allowFailures ? ends.map(({ node }) => ({ node, policy: EDGE_POLICY.settled })) : ends;

/** The outputs as a list, each with its nodes behind those of the ones before it. */
export function shifted(outputs: readonly Output[]): Feed[] {
  let offset = 0;
  return outputs.map((output) => {
    const feed = shift(output, offset);
    offset += output.ends.length;
    return feed;
  });
}

export function byName(names: readonly string[], outputs: ReadonlyMap<string, Output>): Output {
  const chosen = names.map((name) => outputs.get(name)!);
  const feeds = shifted(chosen);
  return {
    ends: chosen.flatMap((output) => output.ends),
    feed: Object.fromEntries(names.map((name, i) => [name, feeds[i]!])),
  };
}

function shift({ ends, feed }: Output, offset: number): Feed {
  if (feed === '*') return ends.map((_, i) => i + offset);
  if (typeof feed === 'number') return feed + offset;
  if (typeof feed === 'string') return feed;
  if (Array.isArray(feed))
    return (feed as readonly Feed[]).map((each) => shift({ ends, feed: each }, offset));
  const named = Object.entries(feed as Readonly<Record<string, Feed>>);
  return Object.fromEntries(named.map(([name, each]) => [name, shift({ ends, feed: each }, offset)]));
}
