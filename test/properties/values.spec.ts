import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { parseRate } from '#dist/tasks/definition/limits.js';
import { readRoutes } from '#dist/tasks/definition/routes.js';
import { MAX_DURATION_MS, toMilliseconds } from '#dist/tasks/duration.js';
import { InvalidOptionError } from '#dist/tasks/index.js';
import { admit, type Candidate, type GateState } from '#dist/tasks/store/admission.js';

describe('durations', () => {
  const units = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

  it('of a number and a unit are that many of it', () => {
    fc.assert(
      fc.property(
        fc.nat(3000),
        fc.constantFrom(...(Object.keys(units) as (keyof typeof units)[])),
        (n, unit) => {
          expect(toMilliseconds(`${n}${unit}`, 'x')).toBe(n * units[unit]);
          expect(toMilliseconds(n, 'x')).toBe(n);
        },
      ),
    );
  });

  it('are between 0 and ten years, or refused with their field', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.double(), fc.constant(Number.NaN)), (given) => {
        try {
          const ms = toMilliseconds(given, 'retry.delay');
          expect(ms).toBeGreaterThanOrEqual(0);
          expect(ms).toBeLessThanOrEqual(MAX_DURATION_MS);
        } catch (error) {
          expect(error).toBeInstanceOf(InvalidOptionError);
          expect((error as InvalidOptionError).option).toBe('retry.delay');
        }
      }),
    );
  });
});

describe('rates', () => {
  it('are what they say, by the second', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 10_000 }), (n) => {
        expect(parseRate(`${n}/s`, 'x')).toBe(n);
        expect(parseRate(n, 'x')).toBe(n);
        expect(parseRate(`${n}/m`, 'x') * 60).toBeCloseTo(n);
        expect(parseRate(`${n}/h`, 'x') * 3600).toBeCloseTo(n);
        expect(parseRate(`${n}/d`, 'x') * 86_400).toBeCloseTo(n);
      }),
    );
  });

  it('that mean nothing are refused', () => {
    const wrong = [
      '',
      '10',
      'x/m',
      '-1/s',
      '0/s',
      '10/w',
      '1e3/s',
      0,
      -1,
      Number.NaN,
      Number.POSITIVE_INFINITY,
    ];
    for (const rate of wrong) expect(() => parseRate(rate, 'limit.rate')).toThrow(/^limit\.rate: expected/);
  });
});

describe('patterns of names', () => {
  it('fit a name in which each star stands for anything', () => {
    const part = fc.stringMatching(/^[a-z]{1,6}$/);
    fc.assert(
      fc.property(fc.array(part, { minLength: 2, maxLength: 4 }), fc.nat(3), (parts, at) => {
        const name = parts.join('.');
        const pattern = parts.map((text, i) => (i === at % parts.length ? '*' : text)).join('.');
        const router = readRoutes({ [pattern]: 'there' });
        expect(router(name, [])).toBe('there');
        expect(router(`${name}.more`, [])).toBe(at % parts.length === parts.length - 1 ? 'there' : undefined);
      }),
    );
  });
});

describe('admission', () => {
  const gate = fc.record({
    maxRunning: fc.option(fc.integer({ min: 1, max: 5 })),
    rate: fc.option(fc.double({ min: 0.01, max: 100, noNaN: true })),
    burst: fc.integer({ min: 1, max: 4 }),
    tokens: fc.double({ min: 0, max: 4, noNaN: true }),
    running: fc.nat(5),
    ready: fc.nat(3),
  });
  const KEYS = ['a', 'b', 'c'];
  const states = fc.tuple(gate, gate, gate).map((all): GateState[] =>
    all.map(({ running, ready, ...rest }, i) => ({
      ...rest,
      key: KEYS[i]!,
      tokens: Math.min(rest.burst, rest.tokens),
      admitted: running + ready,
      ready,
    })),
  );
  const candidates = fc
    .array(fc.subarray([...KEYS, 'unknown'], { minLength: 1 }), { maxLength: 20 })
    .map((all): Candidate[] => all.map((gates, i) => ({ id: String(i), gates })));

  it('exceeds no limit, spends a token for each, and leaves nobody behind for whom there is room', () => {
    fc.assert(
      fc.property(candidates, states, (waiting, gates) => {
        const { admitted, tokens, waitMs } = admit(waiting, gates);
        const let_in = waiting.filter(({ id }) => admitted.includes(id));
        expect(admitted).toEqual(let_in.map(({ id }) => id));
        const through = (key: string) => let_in.filter((candidate) => candidate.gates.includes(key)).length;
        const left = new Map(
          gates.map((g) => {
            const n = through(g.key);
            if (n > 0 && g.maxRunning !== null) expect(g.admitted + n).toBeLessThanOrEqual(g.maxRunning);
            if (n > 0 && g.rate !== null) {
              expect(n).toBeLessThanOrEqual(g.tokens);
              expect(g.ready + n).toBeLessThanOrEqual(g.burst);
              expect(tokens.get(g.key)).toBeCloseTo(g.tokens - n);
            }
            const room = g.maxRunning === null || g.admitted + n < g.maxRunning;
            const token = g.rate === null || (g.tokens - n >= 1 && g.ready + n < g.burst);
            return [g.key, room && token];
          }),
        );
        for (const { id, gates: own } of waiting)
          if (own.every((key) => left.get(key) ?? true)) expect(admitted).toContain(id);
        if (waitMs !== null) expect(waitMs).toBeGreaterThan(0);
      }),
    );
  });
});
