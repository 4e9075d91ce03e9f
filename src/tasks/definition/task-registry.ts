import { TaskDefinitionError, UnknownTaskError, didYouMean } from '../errors.js';
import type { TaskDefinition } from './task-definition.js';
import { describeSchema, type TaskSchema } from './validation/json-schema.js';

/** The library's own tasks, which workflows need. */
const OWN_PREFIX = 'celeriac.';

/** The tasks of this application, by name. Filled once, while the application starts. */
export class TaskRegistry {
  private readonly definitions = new Map<string, TaskDefinition>();
  private readonly aliases = new Map<string, TaskDefinition>();
  private readonly mentioned = { names: new Set<string>(), queues: new Set<string>() };

  /** @throws TaskDefinitionError when the name or an alias is taken. */
  add(definition: TaskDefinition): void {
    for (const name of [definition.name, ...definition.aliases]) {
      const other = this.find(name);
      if (other) throw new TaskDefinitionError(clash(name, other, definition));
    }
    this.definitions.set(definition.name, definition);
    for (const alias of definition.aliases) this.aliases.set(alias, definition);
  }

  /** By its name or a former one. */
  find(name: string): TaskDefinition | undefined {
    return this.definitions.get(name) ?? this.aliases.get(name);
  }

  /** A task that is known here by its class alone. */
  mention({ name, queue }: Pick<TaskDefinition, 'name' | 'queue'>): void {
    this.mentioned.names.add(name);
    this.mentioned.queues.add(queue);
  }

  /** Whether the name is written somewhere in this application's code. */
  knows(name: string): boolean {
    return this.mentioned.names.has(name) || this.find(name) !== undefined;
  }

  /** The queues of all tasks that {@link knows} tells of. */
  knownQueues(): string[] {
    return [...new Set([...this.queues(), ...this.mentioned.queues])];
  }

  /** @throws UnknownTaskError, with the nearest name. */
  get(name: string): TaskDefinition {
    const definition = this.find(name);
    if (!definition)
      throw new UnknownTaskError(
        name,
        didYouMean(name, this.definitions.keys()) || ': is its class among the providers of a module?',
      );
    return definition;
  }

  /** What a form or a client needs to know to submit it, as JSON Schema. @throws UnknownTaskError */
  describe(name: string): TaskSchema {
    return describeSchema(this.get(name));
  }

  /** The application's own, sorted by name. */
  all(): TaskDefinition[] {
    const own = [...this.definitions.values()].filter(({ name }) => !name.startsWith(OWN_PREFIX));
    return own.sort((a, b) => a.name.localeCompare(b.name));
  }

  /** Every name by which {@link find} finds one. */
  get names(): readonly string[] {
    return [...this.definitions.keys(), ...this.aliases.keys()];
  }

  /** The queues that the tasks wait in by default, sorted. */
  queues(): string[] {
    return [...new Set(this.all().map((definition) => definition.queue))].sort();
  }
}

function clash(name: string, first: TaskDefinition, second: TaskDefinition): string {
  const place = (d: TaskDefinition) =>
    `${d.className}.${d.method} in ${d.host.host?.name ?? 'an unknown module'}`;
  if (
    first.className === second.className &&
    first.method === second.method &&
    first.host.metatype === second.host.metatype
  )
    return (
      `${first.className} is provided twice, by ${first.host.host?.name} and by ${second.host.host?.name}: which one runs ` +
      `'${name}' would be chance. Provide it in one module, export it there, and import that module.`
    );
  return `two tasks are called '${name}': ${place(first)} and ${place(second)}. Give one of them another name: @Task({ name: '…' }).`;
}
