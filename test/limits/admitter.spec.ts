import { EventEmitter } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import { Admitter } from '#dist/tasks/control/admitter.js';
import { roundFrom, type Admissions, type LinePlace } from '#dist/tasks/store/gate-store.js';
import { until } from '../support/until.js';

const NOTHING: Admissions = {
  batch: { tasks: [], outbox: [] },
  waitMs: null,
  next: roundFrom(''),
  more: false,
};
const ready = { id: 'a', dispatch: 1, name: 'a', queue: 'a', priority: 0 };

/** Starts one whose looks end as the test says. */
function start(look: (place: LinePlace, looks: number) => Partial<Admissions>) {
  const state = { looks: 0 };
  const gates = {
    admit: async (place: LinePlace) => {
      await sleep(1);
      return { ...NOTHING, ...look(place, ++state.looks) };
    },
  };
  const channel = Object.assign(new EventEmitter(), { connected: true });
  const admitter = new Admitter(gates, { send: () => undefined }, channel as never);
  admitter.start();
  return { admitter, state };
}

describe('who lets tasks pass their limits', () => {
  it('goes through all lines before it rests, and comes back when the first rate says so', async () => {
    const { admitter, state } = start((_place, looks) =>
      looks < 4 ? { more: true, waitMs: looks === 2 ? 300 : null } : {},
    );
    const began = performance.now();
    await until('it has come to the end', () => state.looks === 4);
    expect(performance.now() - began).toBeLessThan(2000);
    await until('it looks again', () => state.looks > 4);
    expect(performance.now() - began).toBeLessThan(4000);
    await admitter.stop();
  });

  it('stops while more and more are let through', async () => {
    const { admitter, state } = start(() => ({ batch: { tasks: [ready], outbox: [] }, more: true }));
    await until('it is at it', () => state.looks > 2);
    await admitter.stop();
    const { looks } = state;
    await sleep(20);
    expect(state.looks).toBe(looks);
  });
});
