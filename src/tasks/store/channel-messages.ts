/**
 * `queues`: one is new, or was paused or resumed. `gated`: tasks wait for their limits. `schedules`: one was made or
 * changed.
 */
export type Signal = 'queues' | 'gated' | 'schedules';

/** What processes tell one another; losing it costs a delay, never a task. */
export interface ChannelMessage {
  /** Queues in which rows became ready. */
  q?: string[];
  /** Tasks that were changed, in short form; [] for "too many, read again". */
  t?: string[];
  /** Tasks whose workers should look for a revocation. */
  r?: string[];
  /** Milliseconds until something new is due. */
  d?: number;
  /** Who sends the rest: one's own events are not heard twice. */
  f?: string;
  /** Events. */
  e?: object[];
  /** Names of the events that somebody wants. */
  w?: string[];
  /** Asks what is wanted. */
  a?: true;
  /** What has changed, without more. */
  s?: Signal[];
  /** What {@link ChannelEvents.signalled} tells of. */
  n?: string;
}

export interface ChannelEvents {
  ready: [queues: string[]];
  /** In short form, see {@link lengthen}: most who hear of them wait for none. undefined: too many to list. */
  changed: [shortIds: string[] | undefined];
  revoked: [ids: string[]];
  due: [ms: number];
  /** An event of another process. */
  told: [event: object];
  /** Another process wants events of these names. */
  wanted: [names: string[]];
  /** Another process asks what is wanted. */
  asked: [];
  /** A queue is new, or was paused or resumed. */
  queues: [];
  /** Tasks wait for their limits. */
  gated: [];
  /** A schedule was made or changed. */
  schedules: [];
  /** What `TaskChannel.signal()` sent, from this process too. */
  signalled: [name: string];
  /** The connection is back; anything may have been missed. */
  reconnected: [];
}

export const SIGNALS: ReadonlySet<string> = new Set<Signal>(['queues', 'gated', 'schedules']);
