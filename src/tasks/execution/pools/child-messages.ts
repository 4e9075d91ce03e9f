import type { RegisteredTask } from '../../definition/registered-tasks.js';
import type { ConnectionSettings } from '../../store/connection.js';
import type { LogLevel } from '@nestjs/common';
import type { AsyncControls } from '../async-controls.js';
import type { ChildMetrics } from '../../observability/metrics/process-metrics.js';
import type { WorkerReport } from '../worker-controls.js';
import type { LimitedTask } from './limit-watch.js';

/** How a supervisor reaches the database without the application: its children have read the options. */
export interface StoreAddress {
  readonly connection: ConnectionSettings;
  /** Whether the application's password is a function: then it is asked for each connection, as pg does. */
  readonly passwordChanges: boolean;
  readonly schema: string;
  /** Whether ready rows are noted for a broker that is another process. */
  readonly relayed: boolean;
  readonly leaseMs: number;
  readonly maxCrashes: number;
  /** The kind of the application's broker. */
  readonly broker: string;
  /** Of crontabs that name none. */
  readonly timezone: string;
  /** What the children have the code of. */
  readonly tasks: readonly RegisteredTask[];
  /** How they are set up, without secrets. */
  readonly conf: object;
}

/** What children take from now; the supervisor may be told otherwise while it runs. */
export interface Intake {
  /** undefined: all. */
  readonly queues: readonly string[] | undefined;
  readonly excludeQueues: readonly string[];
  /** Whether they were told to take nothing. */
  readonly paused: boolean;
  readonly logLevel: LogLevel | undefined;
  /** Whether what waits is revoked first: of a whole worker only one child does it, once. */
  readonly purge: boolean;
}

/** The controls of its worker that a supervisor uses. */
export type ChildControls = Pick<AsyncControls, 'addQueue' | 'cancelQueue' | 'pause' | 'resume' | 'logLevel'>;

/** What a child of a prefork worker tells. */
export type ChildMessage =
  | { readonly kind: 'booted'; readonly store: StoreAddress }
  /** It takes tasks, under this id; again when it had to begin anew under another one. */
  | { readonly kind: 'taking'; readonly workerId: string }
  | { readonly kind: 'status'; readonly report: WorkerReport }
  /** When the application exports metrics. */
  | { readonly kind: 'metrics'; readonly metrics: ChildMetrics }
  /** As it was asked. */
  | { readonly kind: 'password'; readonly password: string }
  | ({ readonly kind: 'limited' } & LimitedTask)
  | { readonly kind: 'ended'; readonly id: string }
  /** It has run as many tasks as it may, and takes no more. */
  | { readonly kind: 'exhausted' };

/** What it is told. */
export type ChildOrder =
  /** It has said that it has booted: now it takes tasks. */
  | { readonly kind: 'take'; readonly intake: Intake }
  /** Takes nothing more, and ends when what runs has ended, or after the grace. */
  | { readonly kind: 'stop'; readonly graceMs: number }
  /** Does not wait for what runs any longer: aborts, and gives back what does not end. */
  | { readonly kind: 'hurry' }
  /** Gives back everything at once. */
  | { readonly kind: 'cold' }
  /** It is to tell the password of the database. */
  | { readonly kind: 'password' }
  | {
      readonly [Method in keyof ChildControls]: {
        readonly kind: 'control';
        readonly method: Method;
        readonly args: Parameters<ChildControls[Method]>;
      };
    }[keyof ChildControls];
