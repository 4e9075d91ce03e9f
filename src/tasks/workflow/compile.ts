import type { TaskDescription } from '../definition/task-definition.js';
import { InvalidOptionError, didYouMean, relocated } from '../errors.js';
import { FED, HAS_DEPENDENTS, LEADS_ON, WIDE } from '../store/columns.js';
import type { NewTask } from '../store/new-task.js';
import type { NewEdge, NewWorkflow } from '../store/new-workflow.js';
import { EDGE_POLICY } from '../store/statements/cascade.js';
import { composeTask } from '../submission/compose-task.js';
import type { Origin, SubmitOptions } from '../submission/submit-options.js';
import { newTaskId } from '../submission/task-id.js';
import { alone, byName, shifted, tolerating, type Node, type Output } from './output.js';
import type { WorkflowOptions } from './signature.js';
import { NOTHING_FOLLOWS, type GraphStep, type NamedStep, type Step, type TaskStep } from './step.js';

/** The most tasks of one workflow. */
export const MAX_TASKS = 200_000;
/** A task that more others than this wait for releases them in steps. */
const WIDE_FROM = 100;
/** Joins results where many wait for many. */
export const COLLECT = 'celeriac.collect';

export interface CompileOptions {
  describe(name: string): TaskDescription;
  origin: Origin;
  options: WorkflowOptions;
  /** For tasks that join a workflow that is there. */
  within?: { readonly workflowId: string; readonly groupId: string | null } | undefined;
}

/** A compiled workflow, and the tasks whose results are its result. */
export interface Compiled extends NewWorkflow {
  readonly outputs: readonly string[];
  /** What each of its tasks is, in their order. */
  readonly descriptions: readonly TaskDescription[];
}

/**
 * From a shape to rows and edges.
 * @param single whether its result must be that of one task, its last
 * @throws InvalidOptionError, UnknownTaskError, NotSerializableError with the place of the mistake: `chain[1].args`
 */
export function compile(step: Step, given: CompileOptions, single = true): Compiled {
  return new Compiler(given).compile(step, single);
}

class Compiler {
  private readonly nodes: Node[] = [];
  private readonly edges: NewEdge[] = [];

  constructor(private readonly given: CompileOptions) {}

  compile(step: Step, single: boolean): Compiled {
    const output = this.place(step, undefined, '', this.given.within?.groupId ?? null);
    const ends = single ? [this.collected(output, '')] : output.ends.map(({ node }) => node);
    const last = ends.at(-1)!;
    const workflowId = this.given.within?.workflowId ?? (this.nodes.length > 1 ? last.id : null);
    return {
      id: last.id,
      outputs: ends.map(({ id }) => id),
      tasks: this.nodes.map((node) => this.compose(node, workflowId)),
      descriptions: this.nodes.map((node) => this.describe(node)),
      edges: this.edges,
    };
  }

  /** Adds a step that comes after `before`. */
  private place(step: Step, before: Output | undefined, path: string, groupId: string | null): Output {
    const { links, errbacks } = step;
    let output: Output;
    if (step.kind === 'task') output = alone(this.task(step, before, path, groupId));
    else if (step.kind === 'chain') output = this.chain(step.steps, before, path, groupId);
    else if (step.kind === 'group') output = this.group(step.steps, step.allowFailures, before, path);
    else output = this.graph(step, before, path);
    if (links.length === 0 && errbacks.length === 0) return output;

    const end = this.collected(output, path);
    for (const [i, link] of links.entries())
      this.place(link, alone(end, EDGE_POLICY.succeeded), `${path}link[${i}].`, null);
    for (const [i, errback] of errbacks.entries())
      this.place(errback, alone(end, EDGE_POLICY.failed, '!'), `${path}linkError[${i}].`, null);
    return alone(end);
  }

  private chain(
    steps: readonly Step[],
    before: Output | undefined,
    path: string,
    groupId: string | null,
  ): Output {
    if (steps.length === 0) throw new InvalidOptionError(`${path}chain`, 'at least one step', 'none');
    let output = before;
    for (const [i, step] of steps.entries())
      output = this.place(step, output, `${path}chain[${i}].`, i === steps.length - 1 ? groupId : null);
    return output!;
  }

  private group(
    steps: readonly Step[],
    allowFailures: boolean,
    before: Output | undefined,
    path: string,
  ): Output {
    // nothing runs, and what follows waits all the same
    if (steps.length === 0 && before && before.ends.length > 0)
      return alone(this.task(collecting(this.queueOf(before.ends.at(-1)!.node), [[]]), before, path, null));
    // many that each wait for many would need an edge for every pair
    const common =
      before && steps.length > 1 && before.ends.length > 1 ? alone(this.joined(before, path)) : before;
    const groupId = newTaskId();
    const outputs = steps.map((step, i) => this.place(step, common, `${path}group[${i}].`, groupId));
    const flat = outputs.every((output) => output.ends.length === 1 && output.feed === 0);
    const ends = outputs.flatMap((output) => output.ends);
    return { ends: tolerating(ends, allowFailures), feed: flat ? '*' : shifted(outputs) };
  }

  private graph({ steps }: GraphStep, before: Output | undefined, path: string): Output {
    if (steps.size === 0) throw new InvalidOptionError(`${path}tasks`, 'at least one task', 'none');
    const outputs = new Map<string, Output>();
    const ends = new Set<string>();
    for (const [name, named] of steps) {
      const upstream = named.after === undefined ? before : this.upstream(name, named, outputs, path);
      outputs.set(name, this.place(named.step, upstream, `${path}tasks.${name}.`, null));
      for (const earlier of [named.after ?? []].flat()) ends.delete(earlier);
      ends.add(name);
    }
    return byName([...ends], outputs);
  }

  private upstream(
    name: string,
    { after, allowFailures }: NamedStep,
    outputs: ReadonlyMap<string, Output>,
    path: string,
  ): Output {
    const names = [after!].flat();
    if (names.length === 0 || new Set(names).size < names.length)
      throw new InvalidOptionError(`${path}tasks.${name}.after`, 'names, each once', after);
    for (const earlier of names)
      if (!outputs.has(earlier))
        throw new InvalidOptionError(
          `${path}tasks.${name}.after`,
          `the name of a task before it${didYouMean(earlier, outputs.keys())}`,
          earlier,
        );
    const output = typeof after === 'string' ? outputs.get(after)! : byName(names, outputs);
    return { ...output, ends: tolerating(output.ends, allowFailures) };
  }

  /** One task that has the result: the only one, or one that joins them. */
  private collected(output: Output, path: string): Node {
    const [first, ...others] = output.ends;
    if (first?.policy === EDGE_POLICY.required && others.length === 0 && output.feed === 0) return first.node;
    return this.joined(output, path);
  }

  private joined(output: Output, path: string): Node {
    const last = output.ends.at(-1)?.node;
    const step = collecting(last && this.queueOf(last));
    return this.task(step, output, path, null);
  }

  private task(step: TaskStep, before: Output | undefined, path: string, groupId: string | null): Node {
    if (this.nodes.length >= MAX_TASKS)
      throw new InvalidOptionError('workflow', `at most ${MAX_TASKS} tasks`, 'more');
    const node: Node = {
      id: newTaskId(),
      step,
      path,
      groupId,
      waitsFor: 0,
      awaitedBy: 0,
      leadsOn: false,
      feed: undefined,
      constant: undefined,
    };
    this.nodes.push(node);
    if (!before) return node;
    for (const [position, { node: parent, policy }] of before.ends.entries()) {
      this.edges.push({ parent: parent.id, child: node.id, position, policy });
      parent.awaitedBy++;
      parent.leadsOn ||= before.ends.length === 1;
    }
    node.waitsFor = before.ends.length;
    if (step.immutable) return node;
    if (before.ends.length > 0) node.feed = before.feed;
    else node.constant = [before.feed === '*' ? [] : before.feed];
    return node;
  }

  private describe({ step }: Node): TaskDescription {
    return typeof step.task === 'string' ? this.given.describe(step.task) : step.task;
  }

  private queueOf(node: Node): string {
    const { step } = node;
    return step.options.queue ?? this.given.options.queue ?? this.describe(node).queueFor(step.args);
  }

  private compose(node: Node, workflowId: string | null): NewTask {
    const { step, feed, constant, path } = node;
    const { options, origin } = this.given;
    try {
      const task = composeTask(
        this.describe(node),
        constant ? [...constant, ...step.args] : step.args,
        optionsOf(node, options),
        origin,
        {
          id: node.id,
          waitingOn: node.waitsFor === 0 ? null : node.waitsFor,
          feed,
          groupId: node.groupId,
          workflowId,
          flags:
            (node.awaitedBy > 0 ? HAS_DEPENDENTS : 0) |
            (node.awaitedBy > WIDE_FROM ? WIDE : 0) |
            (node.leadsOn && node.awaitedBy === 1 ? LEADS_ON : 0) |
            (feed === undefined ? 0 : FED),
        },
      );
      if (task.unique && workflowId !== null)
        throw new InvalidOptionError(
          'unique',
          'no unique task as a step of a workflow (set unique: false)',
          task.name,
        );
      return task;
    } catch (error) {
      throw path === '' ? error : relocated(error, (place) => path + place);
    }
  }
}

/** What the step says wins; a countdown is for the first steps, since the others start when they may. */
function optionsOf({ step, waitsFor }: Node, shared: WorkflowOptions): SubmitOptions {
  const { countdown, eta, idempotencyKey: _key, manager: _manager, ...rest } = shared;
  const own = step.options;
  return {
    ...(waitsFor === 0 && { countdown, eta }),
    ...rest,
    ...own,
    ...((own.tags ?? rest.tags) && { tags: { ...rest.tags, ...own.tags } }),
    ...((own.headers ?? rest.headers) && { headers: { ...rest.headers, ...own.headers } }),
  };
}

/** Gives its argument on as it is: the results of those before it, or what is given. */
function collecting(queue: string | undefined, given?: readonly unknown[]): TaskStep {
  return {
    kind: 'task',
    task: COLLECT,
    args: given ?? [],
    options: queue === undefined ? {} : { queue },
    immutable: given !== undefined,
    ...NOTHING_FOLLOWS,
  };
}
