import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { until } from './until.js';

const alive = new Set<ChildProcess>();
// a test run that is broken off must not leave servers behind
process.once('exit', () => {
  for (const child of alive) signalGroup(child, 'SIGKILL');
});

/** A server may be a script that has started another process: they are one group. */
function signalGroup({ pid }: ChildProcess, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid!, signal);
  } catch {
    // gone already
  }
}

/** A server of a test's own, to be stopped, killed and started again. */
export abstract class ServerProcess {
  private child: ChildProcess | undefined;
  private said = '';

  get pid(): number | undefined {
    return this.child?.pid;
  }

  /** Resolves when it answers. */
  async start(): Promise<this> {
    const { command, args, environment } = this.how();
    this.said = '';
    const child = spawn(command, args, {
      env: { ...process.env, ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    });
    this.child = child;
    alive.add(child);
    child.once('exit', () => alive.delete(child));
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => (this.said += text));
    await until(
      `${command} answers`,
      async () => {
        if (child.exitCode !== null) throw new Error(`${command} ended:\n${this.said}`);
        return this.isReady().catch(() => false);
      },
      90_000,
    );
    return this;
  }

  /** As by the kernel's out-of-memory killer. Resolves when it is gone. */
  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    const { child } = this;
    this.child = undefined;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    // its pipes are closed when the last of the group has gone
    const gone = once(child, 'close');
    signalGroup(child, signal);
    await gone;
  }

  /** Ends it and removes what it has stored. */
  async remove(): Promise<void> {
    await this.kill();
    await this.clear();
  }

  protected get output(): string {
    return this.said;
  }

  protected abstract how(): { command: string; args: string[]; environment?: NodeJS.ProcessEnv };
  protected abstract isReady(): Promise<boolean>;
  protected abstract clear(): Promise<void>;
}
