import { createRequire } from 'node:module';
import { Client } from 'pg';
import { DataSource } from 'typeorm';
import {
  isRelayed,
  readBrokerOptions,
  type BrokerChoice,
  type RemoteBrokerChoice,
} from '../brokers/broker-options.js';
import { createRemoteBroker } from '../brokers/create-broker.js';
import { Migrator } from '../store/migrator.js';
import { createPrivateDataSource } from '../store/private-data-source.js';
import { assertSchemaName } from '../store/schema-name.js';

export interface DoctorOptions {
  readonly database?: string | undefined;
  readonly directDatabase?: string | undefined;
  readonly broker?: string | undefined;
  readonly schema: string;
}

export interface Finding {
  readonly verdict: 'ok' | 'warning' | 'failed';
  readonly what: 'node' | 'packages' | 'database' | 'migrations' | 'clock' | 'notify' | 'broker';
  readonly message: string;
}

const OLDEST_NODE = [20, 19] as const;
/** Leases and due times go by the database's clock: a difference shows in times, and breaks nothing. */
const MAX_CLOCK_DIFFERENCE_MS = 2000;
const CONNECT_TIMEOUT_MS = 5000;

/** One finding after the other; never throws. */
export async function* examine(options: DoctorOptions): AsyncGenerator<Finding> {
  yield examineNode();
  let choice: BrokerChoice;
  try {
    assertSchemaName(options.schema);
    choice = readBrokerOptions(options.broker);
  } catch (error) {
    yield failed('broker', error);
    return;
  }
  yield examinePackages(choice);
  if (options.database === undefined)
    yield {
      verdict: 'failed',
      what: 'database',
      message:
        'no URL: give --database-url, or set DATABASE_URL (the embedded database is only there while it runs)',
    };
  else yield* examineDatabase(options.database, options);
  if (isRelayed(choice)) yield await examineBroker(choice, options.schema);
}

function examineNode(): Finding {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  const [oldestMajor, oldestMinor] = OLDEST_NODE;
  if (major > oldestMajor || (major === oldestMajor && minor >= oldestMinor))
    return { verdict: 'ok', what: 'node', message: process.version };
  const message = `${process.version} is too old: Node ${OLDEST_NODE.join('.')} or later is needed`;
  return { verdict: 'failed', what: 'node', message };
}

function examinePackages(choice: BrokerChoice): Finding {
  const needed = { postgres: [], memory: [], redis: ['bullmq', 'ioredis'], amqp: ['amqplib'] }[choice.kind];
  const { resolve } = createRequire(import.meta.url);
  const missing = needed.filter((name) => {
    try {
      resolve(name);
      return false;
    } catch {
      return true;
    }
  });
  if (missing.length === 0) {
    const message = needed.length === 0 ? `none beside those of the database` : needed.join(', ');
    return { verdict: 'ok', what: 'packages', message };
  }
  const message = `${missing.join(' and ')} missing: npm install ${missing.join(' ')}`;
  return { verdict: 'failed', what: 'packages', message };
}

async function* examineDatabase(
  url: string,
  { directDatabase, schema }: DoctorOptions,
): AsyncGenerator<Finding> {
  const client = clientOf(url);
  try {
    await client.connect();
    const { rows } = await client.query<{ version: string }>(
      `SELECT current_setting('server_version') AS version`,
    );
    yield { verdict: 'ok', what: 'database', message: `Postgres ${rows[0]!.version}` };
    yield await examineClock(client);
  } catch (error) {
    yield failed('database', error);
    return;
  } finally {
    await client.end().catch(() => undefined);
  }
  yield await examineMigrations(url, directDatabase ?? url, schema);
  yield await examineNotify(directDatabase ?? url);
}

async function examineClock(client: Client): Promise<Finding> {
  const before = Date.now();
  const { rows } = await client.query<{ at: Date }>('SELECT clock_timestamp() AS at');
  const here = (before + Date.now()) / 2;
  const difference = Math.round(rows[0]!.at.getTime() - here);
  const message = `the database's is ${Math.abs(difference)} ms ${difference < 0 ? 'behind' : 'ahead of'} this machine's`;
  const verdict = Math.abs(difference) > MAX_CLOCK_DIFFERENCE_MS ? 'warning' : 'ok';
  return { verdict, what: 'clock', message };
}

async function examineMigrations(url: string, direct: string, schema: string): Promise<Finding> {
  const application = new DataSource({ type: 'postgres', url });
  const dataSource = createPrivateDataSource(application.options as never, schema);
  try {
    await dataSource.initialize();
    await new Migrator(dataSource, schema, { connectionString: direct }).check();
    return { verdict: 'ok', what: 'migrations', message: `the schema '${schema}' is up to date` };
  } catch (error) {
    return failed('migrations', error);
  } finally {
    if (dataSource.isInitialized) await dataSource.destroy();
  }
}

/** LISTEN must reach Postgres itself: behind a transaction pooler it seems to work, and nothing arrives. */
async function examineNotify(url: string): Promise<Finding> {
  const client = clientOf(url);
  try {
    await client.connect();
    const heard = new Promise<boolean>((resolve) => {
      client.on('notification', () => resolve(true));
      setTimeout(() => resolve(false), 1000).unref();
    });
    await client.query('LISTEN celeriac_doctor');
    await client.query('NOTIFY celeriac_doctor');
    await client.query('SELECT 1');
    if (await heard) return { verdict: 'ok', what: 'notify', message: 'LISTEN hears NOTIFY' };
    const message =
      'LISTEN hears nothing: the URL leads through a transaction pooler. Give --direct-database-url (directUrl in TasksModule)';
    return { verdict: 'failed', what: 'notify', message };
  } catch (error) {
    return failed('notify', error);
  } finally {
    await client.end().catch(() => undefined);
  }
}

async function examineBroker(choice: RemoteBrokerChoice, schema: string): Promise<Finding> {
  try {
    const broker = await createRemoteBroker(choice, { schema, leaseMs: 15_000 });
    try {
      await broker.connect();
      return { verdict: 'ok', what: 'broker', message: await broker.describe() };
    } finally {
      await broker.close();
    }
  } catch (error) {
    return failed('broker', error);
  }
}

function clientOf(connectionString: string): Client {
  const client = new Client({ connectionString, connectionTimeoutMillis: CONNECT_TIMEOUT_MS });
  client.on('error', () => undefined);
  return client;
}

/** Drivers' messages name hosts and users, never passwords. */
function failed(what: Finding['what'], error: unknown): Finding {
  const { message, code } = error as Error & { code?: unknown };
  // several addresses that do not answer are an error without a message
  return { verdict: 'failed', what, message: message || (typeof code === 'string' ? code : 'unknown error') };
}
