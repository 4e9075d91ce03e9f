import type { InstanceWrapper } from '@nestjs/core/internal';
import type { StandardSchemaV1 } from '@standard-schema/spec';
import type { ErrorMatcher } from './task.decorator.js';
import type { Gate } from './limits.js';
import type { TaskSettings } from './task-settings.js';
import type { Unique } from './unique.js';

/** What is known of a task without the provider that runs it. */
export interface TaskDescription {
  readonly name: string;
  readonly aliases: readonly string[];
  /** The queue it waits in, unless a call names another or a route looks at its arguments. */
  readonly queue: string;
  /** How it runs in that queue, unless a call says otherwise. */
  readonly settings: TaskSettings;
  /** Errors that are expected: logged without their stack. */
  readonly throws: readonly ErrorMatcher[];
  readonly http: boolean;
  /** Where the context stands among the method's parameters. */
  readonly contextIndex: number | undefined;
  /** How many arguments a caller may pass; undefined where that cannot be known. */
  readonly maxArguments: number | undefined;
  /** How many come before the first parameter with a default value. */
  readonly requiredArguments: number;
  /** `design:paramtypes` of the caller's arguments. */
  readonly parameterTypes: readonly unknown[];
  /** Theirs in the source; undefined where one is taken apart. */
  readonly parameterNames: readonly (string | undefined)[];
  /** What `@Task({ args })` declares. */
  readonly schemas: readonly (StandardSchemaV1 | undefined)[];
  /** Whether they are checked when they are submitted. */
  readonly checked: boolean;
  /** What `@Task({ returns })` declares. */
  readonly resultSchema: StandardSchemaV1 | undefined;
  readonly unique: Unique | undefined;
  /** Whether it, or its queue, has limits. */
  readonly limited: boolean;
  /** Where it runs, if not in its worker's own event loop. */
  readonly isolate: 'process' | 'thread' | undefined;
  /** What it must pass before a worker may take it; it waits in the line of the first. */
  gatesFor(queue: string, args: readonly unknown[]): readonly Gate[];
  queueFor(args: readonly unknown[]): string;
  settingsIn(queue: string): TaskSettings;
}

/** A task of this application: its description and the provider's method behind it. */
export interface TaskDefinition extends TaskDescription {
  readonly host: InstanceWrapper;
  readonly className: string;
  readonly method: string;
}
