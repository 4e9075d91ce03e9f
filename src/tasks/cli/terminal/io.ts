import { hostname, userInfo } from 'node:os';
import { confirm } from './confirm.js';

/** What a command sees of the world: a terminal, or whatever stands in for one. */
export interface Io {
  /** Whether a person looks at it: progress bars, questions. */
  readonly isTerminal: boolean;
  readonly columns: number;
  readonly colour: boolean;
  /** The working directory. */
  readonly cwd: string;
  /** Who does it, as the audit keeps it. */
  readonly user: string;
  /** Aborted by Ctrl+C while a command waits. */
  readonly interrupted: AbortSignal;
  out(text: string): void;
  err(text: string): void;
  confirm(question: string): Promise<boolean>;
}

const DEFAULT_COLUMNS = 100;

/** Of this process. Colour follows NO_COLOR and FORCE_COLOR. */
export function processIo(): Io {
  const { stdout, stderr, stdin } = process;
  const isTerminal = 'isTTY' in stdout && stdout.isTTY;
  let interrupted: AbortController | undefined;
  // only for commands that wait: the others end at once, as without us
  const interruption = () => {
    if (!interrupted) {
      const controller = (interrupted = new AbortController());
      process.once('SIGINT', () => controller.abort());
    }
    return interrupted.signal;
  };
  return {
    isTerminal,
    columns: isTerminal ? stdout.columns : Number(process.env.COLUMNS) || DEFAULT_COLUMNS,
    colour: isTerminal ? stdout.hasColors() : Boolean(process.env.FORCE_COLOR && !process.env.NO_COLOR),
    cwd: process.cwd(),
    user: `${userName()}@${hostname()}`,
    get interrupted() {
      return interruption();
    },
    out: (text) => void stdout.write(text),
    err: (text) => void stderr.write(text),
    async confirm(question) {
      if (!isTerminal || !('isTTY' in stdin && stdin.isTTY)) return false;
      return confirm(question, { input: stdin, output: stdout, signal: interruption() });
    },
  };
}

function userName(): string {
  try {
    return userInfo().username;
  } catch {
    // a container may run as a user that has no name there: `docker run -u 10001`
    return `user-${process.getuid?.() ?? 'unknown'}`;
  }
}
