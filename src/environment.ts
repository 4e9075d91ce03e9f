import { isIP } from 'node:net';
import { z } from 'zod';
import { parseQueueLimits, parseThrottle } from './environment-values.js';
import { parseApiKeys } from './tasks/http/index.js';

const list = z
  .string()
  .transform((text) =>
    text
      .split(',')
      .map((item) => item.trim())
      .filter(Boolean),
  )
  .pipe(z.array(z.string()).min(1, 'expected a comma-separated list'));
const url = (protocols: readonly string[]) =>
  z.string().refine((text) => URL.canParse(text) && protocols.includes(new URL(text).protocol), {
    error: `expected a URL that starts with ${protocols.map((protocol) => `${protocol}//`).join(' or ')}`,
  });
/** Reads a variable by a reader that throws for what it cannot read; its messages have no values in them. */
const parsed = <T>(read: (text: string) => T) =>
  z.string().transform((text, context): T => {
    try {
      return read(text);
    } catch (error) {
      context.addIssue((error as Error).message);
      return z.NEVER;
    }
  });
const flag = z.enum(['true', 'false']).transform((text) => text === 'true');

const schema = z.object({
  NODE_ENV: z.string().default('development'),
  DATABASE_URL: url(['postgres:', 'postgresql:']).optional(),
  DIRECT_DATABASE_URL: url(['postgres:', 'postgresql:']).optional(),
  BROKER_URL: z.string().optional(),
  PORT: z.coerce.number({ error: 'expected a port number' }).int().min(0).max(65_535).default(3000),
  HOST: z.string().default('127.0.0.1'),
  WORKER: z.enum(['inline', 'none']).optional(),
  QUEUES: list.optional(),
  CONCURRENCY: z.coerce.number({ error: 'expected a whole number' }).int().min(1).max(10_000).optional(),
  POOL: z.enum(['async', 'prefork']).default('async'),
  HEALTH_PORT: z.coerce.number({ error: 'expected a port number' }).int().min(0).max(65_535).optional(),
  HEALTH_FILE: z.string().optional(),
  TIMEZONE: z.string().default('UTC'),
  LOG_LEVEL: z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'verbose']).default('info'),
  LOG_FORMAT: z.enum(['json', 'text']).optional(),
  API_KEYS: parsed(parseApiKeys).optional(),
  ALLOW_ANONYMOUS: flag.default(false),
  PUBLIC_URL: url(['http:', 'https:']).optional(),
  THROTTLE: parsed(parseThrottle).optional(),
  RETENTION: z
    .string()
    .transform((text) => (text === 'none' ? (false as const) : text))
    .optional(),
  QUEUE_LIMITS: parsed(parseQueueLimits).optional(),
  BODY_LIMIT: z
    .string()
    .regex(/^\d+(kb|mb)$/, "expected a size such as '1mb'")
    .default('1mb'),
  SHUTDOWN_GRACE: z.string().default('30s'),
  LEASE: z.string().default('15s'),
  BATCH_FOLDER: z.string().default('data/batch'),
  UPLOADS_FOLDER: z.string().default('data/uploads'),
  SMTP_URL: url(['smtp:', 'smtps:']).optional(),
  EMAIL_FROM: z.string().optional(),
  OUTBOX_FOLDER: z.string().default('data/outbox'),
  IMAGES_FOLDER: z.string().default('data/images'),
  THUMBNAILS_FOLDER: z.string().default('data/thumbnails'),
  CRAWLER_ALLOW_PRIVATE_ADDRESSES: flag.default(false),
  CRAWLER_USER_AGENT: z.string().optional(),
  DEMO_LEDGER: z.string().optional(),
});

/** What the application is told by its environment. */
export type Environment = z.infer<typeof schema>;

export class EnvironmentError extends Error {}

/**
 * Reads and checks the environment; an empty variable counts as not set.
 * @throws EnvironmentError naming every variable that is wrong, without its value
 */
export function readEnvironment(variables: NodeJS.ProcessEnv): Environment {
  const given = Object.fromEntries(Object.entries(variables).filter(([, value]) => value !== ''));
  const { data, error } = schema.safeParse(given);
  if (error)
    throw new EnvironmentError(
      error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`).join('\n'),
    );
  const production = data.NODE_ENV === 'production';
  if (production && data.DATABASE_URL === undefined)
    throw new EnvironmentError(
      'DATABASE_URL: needed in production; the embedded database is for development',
    );
  return data;
}

/**
 * A process that serves others knows them by their keys.
 * @throws EnvironmentError
 */
export function assertGuarded({ API_KEYS, ALLOW_ANONYMOUS, HOST, NODE_ENV }: Environment): void {
  if (API_KEYS || ALLOW_ANONYMOUS || (NODE_ENV !== 'production' && isLoopback(HOST))) return;
  throw new EnvironmentError(
    'API_KEYS: in production, or listening on more than loopback (HOST), anybody could submit tasks. ' +
      'Set API_KEYS=role:owner:key,… or, when something in front of it keeps strangers out, ALLOW_ANONYMOUS=true.',
  );
}

/** Read once, when the application is loaded; a mistake ends the process with a word instead of a stack. */
export const environment: Environment = orExit(() => readEnvironment(process.env));

/** Ends the process with what is wrong with its environment. */
export function orExit<T>(check: () => T): T {
  try {
    return check();
  } catch (error) {
    if (!(error instanceof EnvironmentError)) throw error;
    process.stderr.write(`The environment is not right:\n${error.message.replaceAll(/^/gm, '  ')}\n`);
    return process.exit(1);
  }
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'));
}
