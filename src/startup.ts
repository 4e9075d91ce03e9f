import { explainDatabaseError } from './database-errors.js';
import { environment } from './environment.js';
import { CeleriacError, InvalidOptionError } from './tasks/index.js';

/** The variables behind the options of TasksModule and of the worker. */
const VARIABLES: Record<string, string> = {
  broker: 'BROKER_URL',
  concurrency: 'CONCURRENCY (-c)',
  pool: 'POOL (-P)',
  directUrl: 'DIRECT_DATABASE_URL',
  lease: 'LEASE',
  publicUrl: 'PUBLIC_URL',
  queueLimits: 'QUEUE_LIMITS',
  queues: 'QUEUES (-Q)',
  retention: 'RETENTION',
  shutdownGrace: 'SHUTDOWN_GRACE',
};

/** Runs the start of a process; when that fails, it ends with what to do about it as its last words. */
export async function startOrExplain(start: () => Promise<unknown>): Promise<void> {
  try {
    await start();
  } catch (error) {
    const reason = explain(error);
    if (reason === undefined) throw error;
    process.stderr.write(`\nCeleriac cannot start:\n${reason.replaceAll(/^/gm, '  ')}\n`);
    process.exit(1);
  }
}

/** For people: the variable and what to do; undefined for what only a stack explains. */
function explain(error: unknown): string | undefined {
  if (error instanceof InvalidOptionError) {
    const variable = VARIABLES[error.option.replace(/[[.].*/, '')];
    return variable === undefined ? error.message : error.message.replace(error.option, variable);
  }
  if (error instanceof CeleriacError) return error.message;
  if (!(error instanceof Error)) return undefined;
  return explainListening(error) ?? explainDatabaseError(error);
}

function explainListening(error: NodeJS.ErrnoException & { hostname?: string }): string | undefined {
  const { HOST, PORT } = environment;
  const { code, syscall } = error;
  if (syscall !== 'listen' && error.hostname !== HOST) return undefined;
  if (code === 'EADDRINUSE')
    return `PORT: another process listens on ${HOST}:${PORT}. Stop it, or set PORT to another one (0 takes any that is free).`;
  if (code === 'EACCES')
    return `PORT: this user may not listen on ${PORT}. Set PORT to one from 1024 to 65535 (0 takes any that is free).`;
  return `HOST: this machine cannot listen on '${HOST}' (${code}). Set HOST to an address of its own, such as 127.0.0.1.`;
}
