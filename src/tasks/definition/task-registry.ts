import { TaskDefinitionError, UnknownTaskError, didYouMean } from '../errors.js';
import type { TaskDefinition } from './task-definition.js';
import { describeSchema, type TaskSchema } from './validation/json-schema.js';

/** The tasks of this application, by name. Filled once, while the application starts. */
export class TaskRegistry {
  private readonly definitions = new Map<string, TaskDefinition>();
  private readonly aliases = new Map<string, TaskDefinition>();

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

  /** @throws UnknownTaskError, with the nearest name. */
  get(name: string): TaskDefinition {
    const definition = this.find(name);
    if (!definition) throw new UnknownTaskError(name, didYouMean(name, this.definitions.keys()));
    return definition;
  }

  /** What a form or a client needs to know to submit it, as JSON Schema. @throws UnknownTaskError */
  describe(name: string): TaskSchema {
    return describeSchema(this.get(name));
  }

  /** Sorted by name. */
  all(): TaskDefinition[] {
    return [...this.definitions.values()].sort((a, b) => a.name.localeCompare(b.name));
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
