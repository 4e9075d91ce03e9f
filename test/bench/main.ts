import { benchAmqp } from './amqp.js';
import { benchCelery } from './celery.js';
import { printMachine, settings } from './compare.js';
import { benchDatabase } from './database.js';
import { benchFlows, benchWideGroup } from './flows.js';
import { benchMemory } from './memory.js';
import { benchCounting } from './counting.js';
import { benchPools } from './pools.js';
import { benchRedis } from './redis.js';
import { benchSchedules } from './schedules.js';

/**
 * `npm run bench`: everything recorded, on private servers with their durable defaults. Ratios compare within this run;
 * absolute figures belong to this machine.
 */
const PARTS: Record<string, () => Promise<void>> = {
  database: benchDatabase,
  redis: benchRedis,
  flows: benchFlows,
  group: benchWideGroup,
  amqp: benchAmqp,
  celery: benchCelery,
  memory: benchMemory,
  schedules: benchSchedules,
  pools: benchPools,
  counting: benchCounting,
};

printMachine();
for (const part of settings.parts) {
  const run = PARTS[part];
  if (!run) throw new Error(`BENCH: expected some of ${Object.keys(PARTS).join(', ')}, got '${part}'`);
  console.log(`— ${part}\n`);
  await run();
}
