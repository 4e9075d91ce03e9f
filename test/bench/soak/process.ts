import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

export interface MemorySample {
  readonly rss: number;
  readonly heap: number;
  readonly submitted: number;
}

/** The producer or a worker, in a process of its own. */
export class SoakProcess {
  private constructor(private readonly child: ChildProcess) {}

  static async open(
    role: 'producer' | 'worker',
    url: string,
    rate: number,
    keep: string,
  ): Promise<SoakProcess> {
    const child = fork(fileURLToPath(new URL('child.js', import.meta.url)), [role, url, String(rate), keep]);
    const ended = once(child, 'exit').then(() => {
      throw new Error(`the ${role} ended early`);
    });
    await Promise.race([once(child, 'message'), ended]);
    ended.catch(() => undefined);
    return new SoakProcess(child);
  }

  async sample(): Promise<MemorySample> {
    if (this.child.exitCode !== null) throw new Error('a process of the soak ended early');
    this.child.send('sample');
    return ((await once(this.child, 'message')) as [MemorySample])[0];
  }

  async close(): Promise<void> {
    if (this.child.exitCode !== null) return;
    this.child.send('stop');
    await once(this.child, 'exit');
  }
}
