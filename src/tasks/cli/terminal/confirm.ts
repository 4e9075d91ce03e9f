import { createInterface } from 'node:readline/promises';

export interface Terminal {
  readonly input: NodeJS.ReadableStream;
  readonly output: NodeJS.WritableStream;
  readonly signal: AbortSignal;
}

/** Asks on a terminal. Ctrl+C and Ctrl+D are a no. */
export async function confirm(question: string, { input, output, signal }: Terminal): Promise<boolean> {
  const lines = createInterface({ input, output, terminal: true });
  // at Ctrl+D some versions of Node reject, others only close
  const closed = new Promise<string>((resolve) => lines.once('close', () => resolve('')));
  const asked = lines.question(`${question} [y/N] `, { signal }).catch(() => '');
  const answer = await Promise.race([asked, closed]).finally(() => lines.close());
  return /^y(es)?$/i.test(answer.trim());
}
