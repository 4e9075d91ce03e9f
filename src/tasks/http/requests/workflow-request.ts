import { InvalidOptionError, relocated } from '../../errors.js';
import { NOTHING_FOLLOWS, type NamedStep, type Step, type TaskStep } from '../../workflow/step.js';
import type { WorkflowOptions } from '../../workflow/signature.js';
import { checkJsonLimits } from './json-limits.js';
import { SUBMIT_OPTIONS, objectOf } from './submit-request.js';

/** The most tasks of a workflow that one request submits. */
export const MAX_WORKFLOW_TASKS = 10_000;
const MAX_DEPTH = 20;

/** The body of `POST /tasks/workflows`. */
export interface WorkflowRequest {
  step: Step;
  options: WorkflowOptions;
  /** Its tasks, to be checked one by one. */
  tasks: { step: TaskStep; path: string; isFed: boolean }[];
}

const KINDS = ['name', 'chain', 'group', 'tasks'] as const;
const FOLLOWED = ['link', 'linkError'] as const;
const ONE = ['args', 'options', 'immutable'] as const;
/** Options of the whole. */
const SHARED = ['queue', 'priority', 'countdown', 'eta', 'tags', 'headers', 'meta', 'idempotencyKey'];
/** Options of a step. */
const OWN = SUBMIT_OPTIONS.filter((name) => name !== 'idempotencyKey' && name !== 'unique');

/** @throws InvalidOptionError, NotSerializableError */
export function parseWorkflowRequest(body: unknown, idempotencyKey: unknown): WorkflowRequest {
  const given = objectOf(body, 'body', ['workflow', 'options']);
  const options = objectOf(given.options ?? {}, 'options', SHARED) as WorkflowOptions;
  checkJsonLimits(options, 'options');
  if (idempotencyKey !== undefined && typeof idempotencyKey !== 'string')
    throw new InvalidOptionError(
      'Idempotency-Key',
      'one header of this name',
      idempotencyKey,
      'INVALID_IDEMPOTENCY_KEY',
    );
  const reader = new StepReader();
  const step = reader.read(given.workflow, { path: 'workflow', depth: 1, isFed: false });
  return {
    step,
    options: idempotencyKey === undefined ? options : { ...options, idempotencyKey },
    tasks: reader.tasks,
  };
}

/** Errors name places of the shape: in the request these stand below `workflow`, and options below `options`. */
export function inWorkflowRequest(error: unknown, keyInHeader: boolean): unknown {
  return relocated(error, (path) => {
    if (path.startsWith('workflow')) return path;
    if (path === 'idempotencyKey') return keyInHeader ? 'Idempotency-Key' : 'options.idempotencyKey';
    const [, place = '', rest = path] =
      /^((?:(?:chain|group|link|linkError)\[\d+\]\.|tasks\.[^.]+\.)*)(.*)$/s.exec(path) ?? [];
    return `workflow.${place}${/^(args|name|after|chain|group|tasks)\b/.test(rest) ? rest : `options.${rest}`}`;
  });
}

/** Where a step stands in the request, and whether something before it gives it its first argument. */
interface Place {
  readonly path: string;
  readonly depth: number;
  readonly isFed: boolean;
}

class StepReader {
  readonly tasks: WorkflowRequest['tasks'] = [];

  read(value: unknown, place: Place): Step {
    const { path, depth } = place;
    if (depth > MAX_DEPTH)
      throw new InvalidOptionError(path, `steps nested at most ${MAX_DEPTH} deep`, 'deeper', 'TOO_DEEP');
    const given = objectOf(value, path, [...KINDS, ...FOLLOWED, ...ONE, 'allowFailures']);
    const kinds = KINDS.filter((kind) => given[kind] !== undefined);
    const [kind] = kinds;
    if (kind === undefined || kinds.length > 1)
      throw new InvalidOptionError(path, `one of ${KINDS.join(', ')}`, kinds.join(' and ') || 'none');
    const step = this.kind(kind, given, place);
    const links = this.list(given.link, `${path}.link`, place, () => true);
    const errbacks = this.list(given.linkError, `${path}.linkError`, place, () => true);
    return { ...step, links, errbacks };
  }

  private kind(kind: (typeof KINDS)[number], given: Record<string, unknown>, place: Place): Step {
    const { path, isFed } = place;
    if (kind !== 'group') refuse(given, ['allowFailures'], path);
    if (kind === 'name') return this.task(given, place);
    refuse(given, ONE, path);
    if (kind === 'tasks') return { kind: 'graph', steps: this.named(given.tasks, place), ...NOTHING_FOLLOWS };
    const list = given[kind];
    if (!Array.isArray(list)) throw new InvalidOptionError(`${path}.${kind}`, 'an array of steps', list);
    const steps = this.list(list, `${path}.${kind}`, place, (i) => isFed || (kind === 'chain' && i > 0));
    if (kind === 'chain') return { kind, steps, ...NOTHING_FOLLOWS };
    const allowFailures = flag(given.allowFailures, `${path}.allowFailures`);
    return { kind, steps, allowFailures, ...NOTHING_FOLLOWS };
  }

  private task(given: Record<string, unknown>, { path, isFed }: Place): TaskStep {
    const { name, args = [], options = {} } = given;
    if (typeof name !== 'string')
      throw new InvalidOptionError(`${path}.name`, 'a text', name, 'INVALID_TASK_NAME');
    if (!Array.isArray(args)) throw new InvalidOptionError(`${path}.args`, 'an array', args, 'ARG_TYPE');
    checkJsonLimits(args, `${path}.args`);
    checkJsonLimits(options, `${path}.options`);
    const immutable = flag(given.immutable, `${path}.immutable`);
    const own = objectOf(options, `${path}.options`, OWN);
    const step: TaskStep = { kind: 'task', task: name, args, options: own, immutable, ...NOTHING_FOLLOWS };
    this.tasks.push({ step, path, isFed: isFed && !immutable });
    if (this.tasks.length > MAX_WORKFLOW_TASKS)
      throw new InvalidOptionError('workflow', `at most ${MAX_WORKFLOW_TASKS} tasks in a request`, 'more');
    return step;
  }

  private named(value: unknown, { path, depth, isFed }: Place): Map<string, NamedStep> {
    const steps = new Map<string, NamedStep>();
    for (const [name, each] of Object.entries(plainObject(value, `${path}.tasks`))) {
      if (!/^\w{1,100}$/.test(name) || name === '__proto__')
        throw new InvalidOptionError(
          `${path}.tasks`,
          'names of letters, digits and _, at most 100 characters',
          'another one',
        );
      const at = `${path}.tasks.${name}`;
      const { after, allowFailures, ...step } = plainObject(each, at);
      if (after !== undefined && ![after].flat().every((earlier) => typeof earlier === 'string'))
        throw new InvalidOptionError(`${at}.after`, 'a name, or an array of names', after);
      // a group says it of its own steps
      const isGroup = step.group !== undefined;
      steps.set(name, {
        step: this.read(isGroup ? { ...step, allowFailures } : step, {
          path: at,
          depth: depth + 1,
          isFed: isFed || after !== undefined,
        }),
        after: after as NamedStep['after'],
        allowFailures: !isGroup && flag(allowFailures, `${at}.allowFailures`),
      });
    }
    return steps;
  }

  private list(value: unknown, path: string, { depth }: Place, isFed: (i: number) => boolean): Step[] {
    if (value === undefined) return [];
    return [value]
      .flat()
      .map((step: unknown, i) =>
        this.read(step, { path: `${path}[${i}]`, depth: depth + 1, isFed: isFed(i) }),
      );
  }
}

function plainObject(value: unknown, path: string): Record<string, unknown> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value))
    return value as Record<string, unknown>;
  throw new InvalidOptionError(path, 'a JSON object', value);
}

function refuse(given: Record<string, unknown>, names: readonly string[], path: string): void {
  for (const name of names)
    if (given[name] !== undefined)
      throw new InvalidOptionError(
        `${path}.${name}`,
        'it only where it has a meaning',
        'one',
        'UNKNOWN_PROPERTY',
      );
}

function flag(value: unknown, path: string): boolean {
  if (value === undefined || typeof value === 'boolean') return value ?? false;
  throw new InvalidOptionError(path, 'true or false', value);
}
