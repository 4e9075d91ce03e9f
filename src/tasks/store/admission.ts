/** A gate at the moment of a decision. */
export interface GateState {
  readonly key: string;
  readonly maxRunning: number | null;
  /** Starts a second. */
  readonly rate: number | null;
  readonly burst: number;
  /** How many may start now. */
  readonly tokens: number;
  /** Can be taken, or run. */
  readonly admitted: number;
  /** Can be taken. */
  readonly ready: number;
}

export interface Candidate {
  readonly id: string;
  readonly gates: readonly string[];
}

export interface Admission {
  readonly admitted: readonly string[];
  /** What is left at each gate with a rate. */
  readonly tokens: ReadonlyMap<string, number>;
  /** Milliseconds until the next token where one was missing; null where none was. */
  readonly waitMs: number | null;
}

type Draft = { -readonly [K in keyof GateState]: GateState[K] };

/**
 * Lets through, in their order, the tasks that find room at every gate they must pass. Where a rate holds, no more
 * than a burst of tasks may be ready and not started: they would all start at once when workers are free again.
 */
export function admit(candidates: readonly Candidate[], states: readonly GateState[]): Admission {
  const gates = new Map<string, Draft>(states.map((state) => [state.key, { ...state }]));
  const admitted: string[] = [];
  let waitMs: number | null = null;
  for (const candidate of candidates) {
    // a gate without a row is one that nobody's code has any more, or its row would be there: it is open
    const through = candidate.gates.flatMap((key) => gates.get(key) ?? []);
    if (!through.every(hasRoom)) {
      for (const gate of through) waitMs = sooner(waitMs, untilToken(gate));
      continue;
    }
    for (const gate of through) {
      gate.admitted++;
      gate.ready++;
      if (gate.rate !== null) gate.tokens--;
    }
    admitted.push(candidate.id);
  }
  const tokens = new Map([...gates.values()].map((gate) => [gate.key, gate.tokens]));
  return { admitted, tokens, waitMs };
}

function hasRoom({ maxRunning, rate, burst, tokens, admitted, ready }: GateState): boolean {
  return (maxRunning === null || admitted < maxRunning) && (rate === null || (tokens >= 1 && ready < burst));
}

function untilToken({ rate, tokens }: GateState): number | null {
  return rate === null || tokens >= 1 ? null : Math.ceil(((1 - tokens) / rate) * 1000);
}

function sooner(a: number | null, b: number | null): number | null {
  return a === null ? b : b === null ? a : Math.min(a, b);
}
