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

/**
 * Lets through, in their order, the tasks that find room at every gate they must pass. Where a rate holds, no more
 * than a burst of tasks may be ready and not started: they would all start at once when workers are free again.
 */
export function admit(candidates: readonly Candidate[], states: readonly GateState[]): Admission {
  const gates = new Map(states.map((state) => [state.key, { ...state }]));
  const admitted: string[] = [];
  let waitMs: number | null = null;
  for (const candidate of candidates) {
    const through = candidate.gates.map((key) => gates.get(key));
    // without its row a gate's limit is not known: whoever submits next makes it known again
    if (!through.every((gate) => gate !== undefined && hasRoom(gate))) {
      for (const gate of through) waitMs = sooner(waitMs, untilToken(gate));
      continue;
    }
    for (const gate of through as { -readonly [K in keyof GateState]: GateState[K] }[]) {
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

function untilToken(gate: GateState | undefined): number | null {
  if (!gate || gate.rate === null || gate.tokens >= 1) return null;
  return Math.ceil(((1 - gate.tokens) / gate.rate) * 1000);
}

function sooner(a: number | null, b: number | null): number | null {
  return a === null ? b : b === null ? a : Math.min(a, b);
}
