import { CeleriacError, didYouMean } from '../../errors.js';
import type { LivingWorker } from '../../store/command-store.js';

/** No living worker has this name or id. */
export class UnknownWorkerError extends CeleriacError {
  readonly code = 'UNKNOWN_WORKER';
}

/**
 * The workers that are meant.
 * @param names or ids, with `*` for any text and `?` for any character; undefined: all
 * @throws UnknownWorkerError when one of them fits none
 */
export function chooseWorkers(
  living: readonly LivingWorker[],
  names: string | readonly string[] | undefined,
): LivingWorker[] {
  if (names === undefined) return [...living];
  const chosen = new Set<LivingWorker>();
  for (const name of [names].flat()) {
    const pattern = toPattern(name);
    const found = living.filter((worker) => pattern.test(worker.name) || worker.id === name);
    if (found.length === 0) {
      const hint = didYouMean(
        name,
        living.map((worker) => worker.name),
      );
      throw new UnknownWorkerError(`no living worker is called '${name.slice(0, 100)}'${hint}`);
    }
    for (const worker of found) chosen.add(worker);
  }
  return [...chosen];
}

function toPattern(name: string): RegExp {
  const escaped = name.replaceAll(/[$()+.[\\\]^{|}]/g, '\\$&');
  return new RegExp(`^${escaped.replaceAll(/\*+/g, '.*').replaceAll('?', '.')}$`);
}
