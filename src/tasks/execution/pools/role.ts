import { isMainThread, workerData } from 'node:worker_threads';

/**
 * What this process or thread was started for, when the library started it with the application's own entry file:
 * 'child' of a prefork worker, or to run 'isolated' tasks.
 */
export type Role = 'child' | 'isolated';

/** A thread is told by its data. */
export interface ThreadData {
  readonly celeriac: Role;
}

/**
 * A process is told by its title, which `ps` shows too: its environment would be inherited by whatever a task starts,
 * and its arguments are the application's.
 */
export function titleOf(role: Role): string {
  return `--title=celeriac ${role}`;
}

const ROLES: readonly Role[] = ['child', 'isolated'];

/** undefined in a process that somebody else started. */
export function roleHere(): Role | undefined {
  if (!isMainThread) return (workerData as Partial<ThreadData> | null)?.celeriac;
  return process.connected ? ROLES.find((role) => process.execArgv.includes(titleOf(role))) : undefined;
}

/** Node's own options of this process, and the role. */
export function execArgvFor(role: Role): string[] {
  return [...process.execArgv.filter((option) => !option.startsWith('--title=celeriac ')), titleOf(role)];
}
