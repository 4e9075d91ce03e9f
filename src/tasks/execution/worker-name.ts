import { hostname } from 'node:os';

/** What a worker is called: its name with the placeholders filled in. */
export function workerName(pattern: string): string {
  const host = hostname();
  const dot = host.indexOf('.');
  const values: Readonly<Record<string, string>> = {
    h: host,
    n: dot < 0 ? host : host.slice(0, dot),
    d: dot < 0 ? '' : host.slice(dot + 1),
    p: String(process.pid),
    '%': '%',
  };
  return pattern.replaceAll(/%([hndp%])/g, (_, letter: string) => values[letter]!);
}
