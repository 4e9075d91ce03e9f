import { setTimeout as sleep } from 'node:timers/promises';
import { Logger } from '@nestjs/common';
import { BrokerUnavailableError } from '../errors.js';
import type { Broker } from './broker.js';

const PAUSE_MS = 500;

/**
 * Connects; waits for a broker that cannot be reached yet, and says so once.
 * @throws BrokerUnavailableError after `timeoutMs`, BrokerRefusedError at once
 */
export async function connectBroker(broker: Broker, timeoutMs: number): Promise<void> {
  const until = Date.now() + timeoutMs;
  for (let waiting = false; ; waiting = true) {
    try {
      return await broker.connect();
    } catch (error) {
      if (!(error instanceof BrokerUnavailableError) || Date.now() + PAUSE_MS > until) throw error;
      if (!waiting)
        new Logger('Tasks').warn(
          `${error.message}; waiting for it for up to ${Math.ceil(timeoutMs / 1000)} s`,
        );
      await sleep(PAUSE_MS);
    }
  }
}
