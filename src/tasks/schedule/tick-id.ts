import { hash } from 'node:crypto';
import { v7 } from 'uuid';

/**
 * The id of the task of a tick: a UUIDv7 of the tick's time, the same wherever it is made, so that a tick cannot be two
 * tasks.
 */
export function tickId(scheduleId: string, tick: number): string {
  const random = hash('sha256', `${scheduleId} ${tick}`, 'buffer');
  return v7({ random, msecs: tick, seq: random.readUInt32BE(16) });
}

/** How much later than its tick a task starts: anything up to the jitter, by chance of its id. */
export function jitterOf(id: string, jitterMs: number): number {
  const chance = Number.parseInt(id.slice(-8), 16) / 0x1_0000_0000;
  return Math.floor(chance * jitterMs);
}
