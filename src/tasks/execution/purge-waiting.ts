import { Logger, type INestApplicationContext } from '@nestjs/common';
import { Administration } from '../control/administration.js';
import type { WorkerPlan } from './worker-plan.js';

/** Revokes what is ready in the queues of a worker that is about to start. */
export async function purgeWaiting(
  context: INestApplicationContext,
  { queues, excludeQueues }: Pick<WorkerPlan, 'queues' | 'excludeQueues'>,
  by: string,
): Promise<void> {
  const administration = context.get(Administration, { strict: false });
  let purged = 0;
  for (const { name } of await administration.queues())
    if ((queues?.includes(name) ?? true) && !excludeQueues.includes(name))
      purged += await administration.purge(name, { by });
  new Logger('Tasks').warn(`--purge: ${purged} tasks that waited were revoked`);
}
