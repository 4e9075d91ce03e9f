import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/** A worker in a process of its own, as in production: ready, and takes nothing until it is told to start. */
export class BenchChild {
  private constructor(private readonly process: ChildProcess) {}

  /** @param script beside this file */
  static async open(script: string, args: readonly string[]): Promise<BenchChild> {
    const child = fork(fileURLToPath(new URL(script, import.meta.url)), [...args]);
    await message(child, 'ready');
    return new BenchChild(child);
  }

  async start(): Promise<void> {
    this.process.send('start');
    await message(this.process, 'started');
  }

  /** @returns processor time and peak memory of the process */
  async close(): Promise<{ cpuMs: number; peakMiB: number }> {
    this.process.send('stop');
    const [figures] = (await once(this.process, 'message')) as [{ cpuMs: number; peakMiB: number }];
    if (this.process.exitCode === null) await once(this.process, 'exit');
    return figures;
  }
}

/** The other end: `open` prepares, and returns how to start and how to stop. */
export async function serveBench(
  open: () => Promise<{ start(): Promise<void>; stop(): Promise<void> }>,
): Promise<void> {
  const served = await open();
  process.on('message', (order) => {
    if (order === 'start') void served.start().then(() => process.send!('started'));
    if (order === 'stop') void served.stop().then(leave);
  });
  process.send!('ready');
}

function leave(): void {
  const { user, system } = process.cpuUsage();
  const figures = { cpuMs: (user + system) / 1000, peakMiB: process.resourceUsage().maxRSS / 1024 };
  process.send!(figures, () => process.exit(0));
}

async function message(child: ChildProcess, expected: string): Promise<void> {
  const ended = once(child, 'exit').then(() => {
    throw new Error('a benchmark process ended early');
  });
  const [got] = (await Promise.race([once(child, 'message'), ended])) as [unknown];
  if (got !== expected) throw new Error(`expected '${expected}' from a benchmark process`);
}
