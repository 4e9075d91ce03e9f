import { call } from '../data/api';
import { duration } from '../data/format';
import { useLoaded } from '../data/loaded';
import { hrefOf, route } from '../data/router';
import type { Page, Task } from '../data/types';
import { StateLabel } from '../ui/icons';
import { Ago, Empty, Loading, Problem, Table } from '../ui/parts';
import { WorkflowGraph } from './workflow-graph';

const HEAD = ['State', 'Workflow, by its last task', 'Submitted', 'Duration', 'Error'];
const SHOWN = '100';

/** The newest, or one of them. */
export function Workflows() {
  const id = route.value.path[1];
  return id === undefined ? <List /> : <WorkflowGraph key={id} id={id} />;
}

function List() {
  const { data, error, reload } = useLoaded(
    (signal) => call<Page<Task>>('/workflows', { query: { limit: SHOWN }, signal }),
    [],
    3000,
  );
  return (
    <>
      <h1>Workflows</h1>
      {error && <Problem error={error} retry={() => void reload()} />}
      {!data && !error && <Loading />}
      {data?.items.length === 0 && (
        <Empty title="No workflows yet">
          <p class="muted">Chains, groups, chords and graphs of tasks appear here by themselves.</p>
        </Empty>
      )}
      {data && data.items.length > 0 && (
        <Table label="Workflows" head={HEAD}>
          {data.items.map((workflow) => (
            <tr key={workflow.id}>
              <td>
                <StateLabel state={workflow.state} />
              </td>
              <th scope="row">
                <a href={hrefOf(['workflows', workflow.id])} title={workflow.id}>
                  {workflow.name}
                </a>
              </th>
              <td>
                <Ago at={workflow.createdAt} />
              </td>
              <td>
                {workflow.finishedAt &&
                  duration(Date.parse(workflow.finishedAt) - Date.parse(workflow.createdAt))}
              </td>
              <td class="detail">{workflow.error?.message}</td>
            </tr>
          ))}
        </Table>
      )}
      {data?.nextCursor && <p class="muted">Only the newest {SHOWN} are shown.</p>}
    </>
  );
}
