import { Logger, type INestApplicationContext } from '@nestjs/common';
import { ProcessMetrics } from '../observability/metrics/process-metrics.js';
import { Health } from './health/health.js';
import { purgeWaiting } from './purge-waiting.js';
import { stopOnSignals } from './stopping.js';
import type { WorkerPlan } from './worker-plan.js';
import { Worker } from './worker.js';

/** A worker that runs everything in this process. */
export async function runAsync(
  boot: () => Promise<INestApplicationContext>,
  plan: WorkerPlan,
): Promise<INestApplicationContext> {
  const { name, queues, excludeQueues, concurrency, isolates, limits, beat, graceMs, autoscale } = plan;
  const logger = new Logger('Tasks');
  // a signal that comes before is heeded as soon as there is something to stop
  const booting = boot();
  let health: Health | undefined;
  stopOnSignals(async (hurry, cold) => {
    const context = await booting;
    await context.get(Worker, { strict: false }).stop(graceMs, hurry, cold);
    await health?.stop();
    await context.close();
  }, logger);
  const context = await booting;
  const worker = context.get(Worker, { strict: false });
  health = new Health(plan.health, {
    live: () => worker.illness,
    ready: () => worker.unready,
    report: () => worker.controls.report(),
    metrics: () => context.get(ProcessMetrics, { strict: false }).exporter,
  });
  await health.start();
  if (plan.purge) await purgeWaiting(context, plan, worker.name);
  const entry = process.argv[1];
  await worker.start({ name, queues, excludeQueues, concurrency, isolates, limits, beat, entry });
  if (autoscale) worker.controls.autoscale(autoscale, autoscale.idleMs);
  const many = autoscale ? `${autoscale.min} to ${autoscale.max}` : concurrency;
  logger.log(`worker ${worker.name} takes tasks from ${queues?.join(', ') ?? 'all queues'}, ${many} at once`);
  return context;
}
