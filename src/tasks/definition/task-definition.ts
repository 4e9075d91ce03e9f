import type { InstanceWrapper } from '@nestjs/core/internal';
import type { StandardSchemaV1 } from '@standard-schema/spec';
import type { RetryPolicy } from './retry-policy.js';

/** What is known of a task without the provider that runs it. */
export interface TaskDescription {
  readonly name: string;
  readonly aliases: readonly string[];
  readonly queue: string;
  readonly priority: number;
  readonly retry: RetryPolicy | undefined;
  readonly softTimeLimitMs: number | undefined;
  readonly expiresMs: number | undefined;
  readonly http: boolean;
  /** Where the context stands among the method's parameters. */
  readonly contextIndex: number | undefined;
  /** How many arguments a caller may pass; undefined where that cannot be known. */
  readonly maxArguments: number | undefined;
  /** How many come before the first parameter with a default value. */
  readonly requiredArguments: number;
  /** `design:paramtypes` of the caller's arguments. */
  readonly parameterTypes: readonly unknown[];
  /** What `@Task({ args })` declares. */
  readonly schemas: readonly (StandardSchemaV1 | undefined)[];
}

/** A task of this application: its description and the provider's method behind it. */
export interface TaskDefinition extends TaskDescription {
  readonly host: InstanceWrapper;
  readonly className: string;
  readonly method: string;
}
