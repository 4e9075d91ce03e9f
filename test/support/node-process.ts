import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

const project = fileURLToPath(new URL('../..', import.meta.url));
const alive = new Set<ChildProcess>();
// a test run that is broken off must not leave workers behind
process.once('exit', () => {
  for (const child of alive) child.kill('SIGKILL');
});

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** From the signal until the end. */
  readonly ms: number;
}

/** A process of the application, to be treated badly. */
export class NodeProcess {
  readonly pid: number;
  private said = '';
  private readonly exited: Promise<unknown>;

  /** @param prefix a command that starts Node, and its arguments */
  constructor(
    script: string,
    args: readonly string[],
    environment: NodeJS.ProcessEnv,
    prefix: readonly string[] = [],
  ) {
    const { PATH, HOME } = process.env;
    const [command, ...rest] = [...prefix, process.execPath, script, ...args];
    const child = spawn(command!, rest, {
      cwd: project,
      env: { PATH, HOME, LOG_LEVEL: 'warn', ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.child = child;
    this.pid = child.pid!;
    alive.add(child);
    this.exited = once(child, 'exit').then(() => alive.delete(child));
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => (this.said += text));
  }

  private readonly child: ChildProcess;

  /** All that it wrote to its standard output and error. */
  get log(): string {
    return this.said;
  }

  /** How it ended, and all that it said, for a failure's message. */
  get lastWords(): string {
    return `code ${this.child.exitCode}, signal ${this.child.signalCode}\n${this.said}`;
  }

  get isRunning(): boolean {
    return this.child.exitCode === null && this.child.signalCode === null;
  }

  /** The memory it has, in MB, as Linux tells it. */
  async memory(): Promise<number> {
    const status = await readFile(`/proc/${this.pid}/status`, 'utf8');
    return Number(/VmRSS:\s+(\d+) kB/.exec(status)![1]) / 1024;
  }

  /** kill -9 of it and all that it has started; resolves when it is gone. */
  async kill(): Promise<void> {
    if (this.isRunning) this.signalAll('SIGSTOP', 'SIGKILL');
    await this.exited;
  }

  /** kill -9 of it alone; resolves when it is gone. */
  async killAlone(): Promise<void> {
    this.child.kill('SIGKILL');
    await this.exited;
  }

  /** The processes that it has started. */
  children(): number[] {
    return childrenOf(this.pid);
  }

  /** Sends it a signal. */
  signal(signal: NodeJS.Signals): void {
    this.child.kill(signal);
  }

  /** SIGTERM; resolves when it has ended by itself. */
  async terminate(): Promise<Exit> {
    const since = performance.now();
    this.child.kill('SIGTERM');
    await this.exited;
    const { exitCode: code, signalCode: signal } = this.child;
    return { code, signal, ms: performance.now() - since };
  }

  /** For one that ends without being asked to. */
  async ended(): Promise<Exit> {
    const since = performance.now();
    await this.exited;
    return { code: this.child.exitCode, signal: this.child.signalCode, ms: performance.now() - since };
  }

  /** SIGSTOP: not a thread of it runs until {@link thaw}. */
  freeze(): void {
    this.signalAll('SIGSTOP');
  }

  thaw(): void {
    this.signalAll('SIGCONT');
  }

  /** It and all that it has started, each after what started it: so nothing new is started meanwhile. */
  private signalAll(...signals: NodeJS.Signals[]): void {
    const pids = [this.pid];
    for (let i = 0; i < pids.length; i++) {
      send(pids[i]!, signals[0]!);
      pids.push(...childrenOf(pids[i]!));
    }
    for (const signal of signals.slice(1)) for (const pid of pids) send(pid, signal);
  }
}

export function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

/** As Linux tells it. */
function childrenOf(pid: number): number[] {
  try {
    const text = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8');
    return text.split(' ').filter(Boolean).map(Number);
  } catch {
    return []; // it has ended
  }
}

function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // it has ended
  }
}
