import type { Command } from 'commander';
import type { RemoteOptions } from '../control/remote/remote-control.js';
import type { Output } from './globals.js';

export interface TargetFlags {
  readonly destination?: string;
  readonly timeout: string;
}

/** To whom, as Celery has it. */
export function addWorkerTarget(command: Command): Command {
  return command
    .option('-d, --destination <names>', "names or ids of workers, with commas, '*' and '?'; all without it")
    .option('-t, --timeout <time>', 'how long to wait for their answers', '2s');
}

export function remoteOptions({ io }: Output, { destination, timeout }: TargetFlags): RemoteOptions {
  const workers = destination
    ?.split(',')
    .map((name) => name.trim())
    .filter(Boolean);
  return { workers, timeout, by: io.user };
}
