import { platform, release } from 'node:os';
import type { Command } from 'commander';
import { withConnection } from '../connection.js';
import type { Output } from '../globals.js';
import type { Acts } from '../program.js';
import { VERSION } from '../../version.js';

export function addReport(program: Command, acts: Acts): void {
  const command = program
    .command('report')
    .description('Versions, workers and queues as text for a bug report, without names of hosts or secrets.');
  acts(command, (output: Output) =>
    withConnection(output.options, output.io, async ({ administration, tasks }) => {
      const [workers, queues, counts] = await Promise.all([
        administration.workers(),
        administration.queues(),
        tasks.counts(),
      ]);
      const alive = workers.filter((worker) => worker.alive);
      const report = {
        celeriac: VERSION,
        node: process.version,
        system: `${platform()} ${release()} ${process.arch}`,
        postgres: await administration.databaseVersion(),
        workers: alive.map(({ celeriac, version, pool, broker, concurrency, inline }) => ({
          celeriac,
          version,
          pool,
          broker,
          concurrency,
          inline,
        })),
        queues: queues.length,
        paused: queues.filter((queue) => queue.pausedAt !== null).length,
        unattended: queues.filter((queue) => queue.unattended).length,
        counts,
      };
      output.answer(report, () => {
        for (const [name, value] of Object.entries(report))
          output.line(
            `${`${name}:`.padEnd(12)}${typeof value === 'object' ? JSON.stringify(value) : String(value)}`,
          );
      });
    }),
  );
}
