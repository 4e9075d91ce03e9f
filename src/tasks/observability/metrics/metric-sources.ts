import type { OpenTally } from '../tallies.js';
import type { DatabaseReading } from './database-gauges.js';

/** Names and queues that metrics tell of; what comes beyond has the label `other`. */
export const MAX_SERIES = 500;
export const OTHER = 'other';

/** Where metrics get their values from, when somebody asks for them. */
export interface MetricSources {
  /** What has happened in this worker or application since its start, by task and queue. */
  tallies(): readonly OpenTally[];
  /** Milliseconds by which the event loop was late at most since this was asked last. */
  takeLag(): number;
  /** Of the worker in this process, if one takes tasks. */
  slots(): { readonly all: number; readonly busy: number } | undefined;
  /** The kind of the broker and whether it can be used; undefined while that is not known. */
  broker(): { readonly kind: string; readonly up: boolean } | undefined;
  /** undefined: the database does not answer. */
  database(): Promise<DatabaseReading | undefined>;
}

/** Metrics as text, for whoever scrapes them. */
export interface ExportedMetrics {
  readonly contentType: string;
  text(): Promise<string>;
}
