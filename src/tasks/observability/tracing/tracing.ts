import type { Texts } from '../../definition/texts.js';
import type { Outcome } from '../../execution/outcome.js';
import type { RunningTask } from '../../execution/running-task.js';

/** What is submitted. */
export interface Sent {
  /** Of the task; undefined for many that differ. */
  readonly name: string | undefined;
  readonly queue: string | undefined;
  /** How many at once, where it may be more than one. */
  readonly count?: number | undefined;
  /** What the caller says of the trace that it belongs to, for when no span is active here. */
  readonly headers: Texts | undefined;
}

/** Spans of submissions and of attempts. */
export interface Tracing {
  /** Whether anybody collects them; while nobody does, nothing else is to be called. */
  readonly isOn: boolean;
  /** What carries the trace that is active here along with a task. */
  headers(): Texts | undefined;
  /** A span around a submission. */
  send<T extends { readonly id: string } | readonly unknown[]>(
    sent: Sent,
    submit: () => Promise<T>,
  ): Promise<T>;
  /** A span around an attempt. */
  process(running: RunningTask, attempt: () => Promise<Outcome>): Promise<Outcome>;
}

/** undefined where `@opentelemetry/api` is not installed. */
export async function loadTracing(): Promise<Tracing | undefined> {
  try {
    const { OpenTelemetryTracing } = await import('./open-telemetry.js');
    return new OpenTelemetryTracing();
  } catch (error) {
    if ((error as { code?: unknown }).code === 'ERR_MODULE_NOT_FOUND') return undefined;
    throw error;
  }
}
