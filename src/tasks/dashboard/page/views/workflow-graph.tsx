import { call, isAdmin } from '../data/api';
import { count } from '../data/format';
import { layersOf, NODE, type Placed } from '../data/layers';
import { useLoaded } from '../data/loaded';
import { hrefOf } from '../data/router';
import type { Workflow, WorkflowEdge, WorkflowNode } from '../data/types';
import { ask } from '../ui/dialog';
import { StateLabel } from '../ui/icons';
import { Bar, Loading, Problem } from '../ui/parts';
import { tell } from '../ui/toasts';

/** More would be a wall of boxes. */
const MOST = '300';
const WORDS: Readonly<Record<WorkflowEdge['kind'], string>> = {
  result: 'needs its result',
  settled: 'waits for its end',
  failure: 'runs if it fails',
  success: 'runs if it succeeds',
};

/** The graph of a workflow, with the states as they are. */
export function WorkflowGraph({ id }: { id: string }) {
  const { data, error, reload } = useLoaded(
    (signal) => call<Workflow>(`/workflows/${encodeURIComponent(id)}`, { query: { nodes: MOST }, signal }),
    [id],
    1000,
  );
  return (
    <>
      <h1>Workflow{data && ` ${data.name}`}</h1>
      {error && <Problem error={error} retry={() => void reload()} />}
      {!data && !error && <Loading />}
      {data && <Graph workflow={data} reload={reload} />}
    </>
  );
}

function Graph({ workflow, reload }: { workflow: Workflow; reload: () => Promise<void> }) {
  const { id, state, progress, nodes, truncated } = workflow;
  const { total, succeeded, failed, revoked } = progress;
  const act = (path: string, text: string) =>
    tell(async () => {
      await call(`/workflows/${id}/${path}`, { method: 'POST', body: {} });
      await reload();
      return text;
    });
  const open = total - succeeded - failed - revoked;
  const revoke = async () => {
    if (await ask(`Revoke ${count(open)} tasks?`, 'All of it that has not ended.', `Revoke ${count(open)}`))
      await act('revoke', 'The workflow is revoked');
  };
  return (
    <>
      <div class="row workflow-head">
        <StateLabel state={state} />
        <Bar percent={progress.percent} label="Progress of the workflow" />
        <span>
          {count(succeeded)} of {count(total)} succeeded
          {failed > 0 && <span class="bad">, {count(failed)} failed</span>}
          {revoked > 0 && `, ${count(revoked)} revoked`}
        </span>
        {isAdmin() && open > 0 && (
          <button type="button" onClick={() => void revoke()}>
            Revoke…
          </button>
        )}
        {isAdmin() && (state === 'FAILURE' || state === 'REVOKED') && (
          <button
            type="button"
            class="primary"
            onClick={() => void act('resume', 'It goes on from what failed')}
          >
            Resume
          </button>
        )}
        <code class="id">{id}</code>
      </div>
      {truncated && <p class="muted">Only its first {nodes.length} tasks are drawn.</p>}
      <Drawing workflow={workflow} />
    </>
  );
}

function Drawing({ workflow: { nodes, edges } }: { workflow: Workflow }) {
  const placed = layersOf({ nodes, edges });
  const all = [...placed.values()];
  const width = Math.max(0, ...all.map((node) => node.x)) + NODE.width + 4;
  const height = Math.max(0, ...all.map((node) => node.y)) + NODE.height + 4;
  return (
    <div class="graph" tabIndex={0} role="region" aria-label="Graph of the workflow">
      <svg width={width} height={height} viewBox={`-2 -2 ${width} ${height}`}>
        {edges.map((edge) => (
          <Edge key={`${edge.from} ${edge.to} ${edge.kind}`} edge={edge} placed={placed} />
        ))}
        {nodes.map((node) => (
          <Node key={node.id} node={node} at={placed.get(node.id)!} />
        ))}
      </svg>
    </div>
  );
}

function Node({ node: { id, name, state, progress, error }, at }: { node: WorkflowNode; at: Placed }) {
  const word = state.toLowerCase();
  const more = error?.message ?? (progress?.percent == null ? '' : `${progress.percent} %`);
  return (
    <a href={hrefOf('tasks', { task: id })} aria-label={`${name}, ${word}${more && `, ${more}`}`}>
      <g class={`node node-${word}`} transform={`translate(${at.x} ${at.y})`}>
        <title>{`${name}: ${word}${more && `, ${more}`}`}</title>
        <rect width={NODE.width} height={NODE.height} rx="6" />
        <text x="10" y="18">
          {cut(name, 25)}
        </text>
        <text x="10" y="35" class="node-state">
          {cut(more ? `${word}, ${more}` : word, 28)}
        </text>
      </g>
    </a>
  );
}

function Edge({
  edge: { from, to, kind },
  placed,
}: {
  edge: WorkflowEdge;
  placed: ReadonlyMap<string, Placed>;
}) {
  const [a, b] = [placed.get(from), placed.get(to)];
  if (!a || !b) return null;
  const [x1, y1] = [a.x + NODE.width, a.y + NODE.height / 2];
  const [x2, y2] = [b.x, b.y + NODE.height / 2];
  const middle = (x1 + x2) / 2;
  return (
    <path class={`edge edge-${kind}`} d={`M${x1} ${y1}C${middle} ${y1} ${middle} ${y2} ${x2} ${y2}`}>
      <title>{WORDS[kind]}</title>
    </path>
  );
}

const cut = (text: string, most: number) => (text.length > most ? `${text.slice(0, most - 1)}…` : text);
