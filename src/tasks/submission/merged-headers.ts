import type { Texts } from '../definition/texts.js';
import type { Origin } from './submit-options.js';

/** The later ones win; undefined when there is none. */
export function merged(...texts: (Texts | undefined)[]): Texts | undefined {
  const given = texts.filter((text) => text !== undefined);
  return given.length > 1 ? Object.assign({}, ...given) : given[0];
}

/** A client does not say who it is where the application knows it; a trace is what the process that submits knows. */
export function mergedHeaders(
  settings: Texts | undefined,
  own: Texts | undefined,
  origin: Origin,
): Texts | undefined {
  const all = mergedLevels(settings, own, origin);
  if (!origin.trace) return all;
  const { traceparent: _parent, tracestate: _state, ...rest } = all ?? {};
  return { ...rest, ...origin.trace };
}

function mergedLevels(
  settings: Texts | undefined,
  own: Texts | undefined,
  { headers, clientHeaders }: Origin,
): Texts | undefined {
  if (!clientHeaders) return merged(settings, headers, own);
  const sent = Object.keys(clientHeaders).length > 0 ? clientHeaders : undefined;
  const levels = [settings, sent, own, headers];
  const all = merged(...levels);
  if (all?.tracestate === undefined) return all;
  // the two are one: that of another trace would lie
  const trace = levels.findLast((level) => level?.traceparent !== undefined);
  if (trace?.tracestate !== undefined) return all;
  const { tracestate: _others, ...rest } = all;
  return rest;
}
