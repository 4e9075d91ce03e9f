import { TaskDefinitionError } from '../errors.js';

/** Letters, digits, `_`, `-`, `:` and dots between them; at most 200 characters. */
const TASK_NAME = /^[A-Za-z_][\w:-]*(\.[\w:-]+)*$/;
/** Names that HTTP routes use beside task names. */
const RESERVED = new Set([
  'bulk',
  'bulk-actions',
  'registered',
  'revoke',
  'stats',
  'errors',
  'workers',
  'queues',
  'workflows',
  'schedules',
]);

export function isTaskName(name: unknown): name is string {
  return (
    typeof name === 'string' &&
    name.length <= 200 &&
    TASK_NAME.test(name) &&
    !RESERVED.has(name) &&
    // 'toString' and its like: whoever looks names up in an object would find one there
    !(name in Object.prototype)
  );
}

/** `MathTasks`, `add` → `math.add`. */
export function defaultTaskName(className: string, method: string): string {
  const stem = className.replace(/Tasks$/, '') || className;
  return `${stem[0]!.toLowerCase()}${stem.slice(1)}.${method}`;
}

/** @throws TaskDefinitionError saying where the name stands and what is allowed. */
export function assertTaskName(name: unknown, where: string): asserts name is string {
  if (isTaskName(name)) return;
  const shown = typeof name === 'string' ? `'${name.slice(0, 80)}'` : typeof name;
  throw new TaskDefinitionError(
    `${where}: a task's name is made of letters, digits, _, -, : and dots, at most 200 characters, ` +
      `and none of ${[...RESERVED].join(', ')}, nor a property of every object such as toString; got ${shown}`,
  );
}
