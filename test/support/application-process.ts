import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { until } from './until.js';

const dist = fileURLToPath(new URL('../../dist', import.meta.url));
const alive = new Set<ChildProcess>();
// a test run that is broken off must not leave servers behind
process.once('exit', () => {
  for (const child of alive) child.kill('SIGTERM');
});

export interface ApplicationProcessOptions {
  /** Its working directory: where an embedded database and the folders of the batch task are. */
  readonly cwd: string;
  readonly environment?: NodeJS.ProcessEnv;
  readonly args?: readonly string[];
}

/** The application as its user starts it: `node dist/main.js` or `node dist/worker.js` in a folder. */
export class ApplicationProcess {
  readonly pid: number;
  private readonly child: ChildProcess;
  private readonly closed: Promise<unknown>;
  private said = '';

  constructor(entry: 'main' | 'worker', { cwd, environment, args = [] }: ApplicationProcessOptions) {
    const { PATH, HOME } = process.env;
    const child = spawn(process.execPath, [join(dist, `${entry}.js`), ...args], {
      cwd,
      env: { PATH, HOME, NO_COLOR: '1', PORT: '0', ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.child = child;
    this.pid = child.pid!;
    alive.add(child);
    this.closed = once(child, 'close').then(() => alive.delete(child));
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => (this.said += text));
  }

  /** All that it wrote to its standard output and error. */
  get output(): string {
    return this.said;
  }

  /** Resolves with the match when it has said so; fails with all it said when it ends before that. */
  async says(pattern: RegExp): Promise<RegExpExecArray> {
    const found = until(
      `process ${this.pid} says ${pattern}`,
      () => {
        const match = pattern.exec(this.said);
        if (!match && this.hasEnded) throw new Error(`it ended (${this.child.exitCode}):\n${this.said}`);
        return match;
      },
      60_000,
    );
    return found.catch((error: Error) => {
      throw new Error(`${error.message}\n${this.said}`, { cause: error });
    });
  }

  /** The URL that it answers at, from its banner. */
  async url(): Promise<string> {
    return (await this.says(/urls +(http:\S+)\/tasks\b[^]*curl .*\n/))[1]!;
  }

  /** SIGTERM, unless it has ended; resolves with its exit code when it has, and with the signal if one killed it. */
  async terminate(): Promise<number | NodeJS.Signals | null> {
    if (!this.hasEnded) this.child.kill('SIGTERM');
    return this.ended();
  }

  async ended(): Promise<number | NodeJS.Signals | null> {
    await this.closed;
    return this.child.exitCode ?? this.child.signalCode;
  }

  private get hasEnded(): boolean {
    return this.child.exitCode !== null || this.child.signalCode !== null;
  }
}
