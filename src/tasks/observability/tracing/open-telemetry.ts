import {
  ProxyTracerProvider,
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  context,
  propagation,
  trace,
  type Attributes,
  type Context,
  type Span,
  type Tracer,
} from '@opentelemetry/api';
import type { Texts } from '../../definition/texts.js';
import type { Outcome } from '../../execution/outcome.js';
import type { RunningTask } from '../../execution/running-task.js';
import { VERSION } from '../../version.js';
import type { Sent, Tracing } from './tracing.js';

const NAME = 'celeriac';
/** What a header of a task may hold. */
const MAX_HEADER = 1000;

/** Spans by OpenTelemetry's conventions for messaging: `send {queue}` and `process {queue}`. */
export class OpenTelemetryTracing implements Tracing {
  get isOn(): boolean {
    return tracer() !== undefined;
  }

  headers(): Texts | undefined {
    const active = context.active();
    if (!trace.getSpan(active)) return undefined;
    const carrier: Record<string, string> = {};
    propagation.inject(active, carrier);
    for (const [name, value] of Object.entries(carrier)) if (value.length > MAX_HEADER) delete carrier[name];
    return carrier;
  }

  async send<T extends { readonly id: string } | readonly unknown[]>(
    { name, queue, count, headers }: Sent,
    submit: () => Promise<T>,
  ): Promise<T> {
    const spans = tracer();
    // it may have been switched off a moment ago
    if (!spans) return submit();
    const active = context.active();
    const parent = trace.getSpan(active) ? active : propagation.extract(active, headers ?? {});
    const attributes = {
      ...operation('send', queue),
      ...(name !== undefined && { 'celeriac.task.name': name }),
      ...(count !== undefined && { 'messaging.batch.message_count': count }),
    };
    const span = spans.startSpan(titled('send', queue), { kind: SpanKind.PRODUCER, attributes }, parent);
    try {
      const placed = await context.with(trace.setSpan(parent, span), submit);
      if ('id' in placed) span.setAttribute('messaging.message.id', placed.id);
      return placed;
    } catch (error) {
      fail(span, error as Error);
      throw error;
    } finally {
      span.end();
    }
  }

  async process(running: RunningTask, attempt: () => Promise<Outcome>): Promise<Outcome> {
    const spans = tracer();
    if (!spans) return attempt();
    const parent = propagation.extract(ROOT_CONTEXT, running.headers);
    const span = startProcess(spans, running, parent);
    try {
      const outcome = await context.with(trace.setSpan(parent, span), attempt);
      span.setAttribute('celeriac.task.outcome', running.isWrittenOff ? 'written off' : endOf(outcome));
      if (outcome.error) fail(span, outcome.error);
      return outcome;
    } finally {
      span.end();
    }
  }
}

/** A child of what submitted it, since it is one message; and linked to it, which the conventions want of all. */
function startProcess(spans: Tracer, running: RunningTask, parent: Context): Span {
  const creation = trace.getSpanContext(parent);
  return spans.startSpan(
    titled('process', running.queue),
    {
      kind: SpanKind.CONSUMER,
      attributes: {
        ...operation('process', running.queue),
        'messaging.message.id': running.id,
        'celeriac.task.name': running.name,
        'celeriac.task.attempt': running.attempt,
      },
      links: creation ? [{ context: creation }] : [],
    },
    parent,
  );
}

const titled = (name: string, queue: string | undefined) => (queue === undefined ? name : `${name} ${queue}`);

function operation(name: 'send' | 'process', queue: string | undefined): Attributes {
  return {
    'messaging.system': NAME,
    'messaging.operation.name': name,
    'messaging.operation.type': name,
    ...(queue !== undefined && { 'messaging.destination.name': queue }),
  };
}

function fail(
  span: Span,
  { name, message, stack }: { name: string; message: string; stack?: string | undefined },
): void {
  span.recordException({ name, message, ...(stack !== undefined && { stack }) });
  span.setAttribute('error.type', name);
  span.setStatus({ code: SpanStatusCode.ERROR, message });
}

function endOf(outcome: Outcome): string {
  if (outcome.kind === 'end') return outcome.state.toLowerCase();
  return outcome.kind === 'defer' ? outcome.outcome : outcome.kind;
}

/** undefined while no SDK is registered. */
function tracer(): Tracer | undefined {
  const provider = trace.getTracerProvider();
  return provider instanceof ProxyTracerProvider
    ? provider.getDelegateTracer(NAME, VERSION)
    : provider.getTracer(NAME, VERSION);
}
