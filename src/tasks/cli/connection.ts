import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Module, type DynamicModule } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { TypeOrmModule } from '@nestjs/typeorm';
import { readBrokerOptions } from '../brokers/broker-options.js';
import { DataSource } from 'typeorm';
import { Administration } from '../control/administration.js';
import { RemoteControl } from '../control/remote/remote-control.js';
import { startEmbeddedPostgres } from '../embedded/embedded-postgres.js';
import { TaskEventBus } from '../events/event-bus.js';
import { ScheduleService } from '../schedule/schedule.service.js';
import { TaskService } from '../submission/task.service.js';
import { TasksModule } from '../tasks.module.js';
import { applicationZone } from './application-zone.js';
import { CliError } from './errors.js';
import { EXIT } from './exit-codes.js';
import type { GlobalOptions } from './globals.js';
import type { Io } from './terminal/io.js';

/** The library on the records of an application, without the application. */
export interface Connection {
  readonly tasks: TaskService;
  readonly administration: Administration;
  readonly remote: RemoteControl;
  readonly schedules: ScheduleService;
  readonly events: TaskEventBus;
}

@Module({})
class CliModule {
  static of(
    dataSource: DataSource,
    { schema, directDatabaseUrl }: GlobalOptions,
    { broker, timezone }: { broker: string | undefined; timezone: string | undefined },
  ): DynamicModule {
    return {
      module: CliModule,
      imports: [
        TypeOrmModule.forRootAsync({
          useFactory: () => dataSource.options,
          dataSourceFactory: async () => dataSource,
        }),
        TasksModule.forRoot({
          schema,
          broker,
          timezone,
          directUrl: directDatabaseUrl,
          migrations: 'check',
          allowUnknownTasks: true,
          brokerTimeout: '3s',
        }),
      ],
    };
  }
}

export interface Database {
  readonly url: string;
  release(): Promise<void>;
}

/** The one that was named, or the embedded one of this folder. @throws CliError when there is neither */
export async function findDatabase(
  { databaseUrl }: GlobalOptions,
  { cwd }: Pick<Io, 'cwd'>,
): Promise<Database> {
  if (databaseUrl !== undefined) {
    if (!/^postgres(ql)?:\/\//.test(databaseUrl) || !URL.canParse(databaseUrl))
      throw new CliError('--database-url: expected a URL that starts with postgres://', EXIT.usage);
    return { url: databaseUrl, release: async () => undefined };
  }
  const directory = join(cwd, '.celeriac/postgres');
  if (!existsSync(directory) && !existsSync(`${directory}.location`))
    throw new CliError(
      'no database: give --database-url or set DATABASE_URL (this folder has no embedded one in .celeriac/postgres)',
      EXIT.usage,
    );
  return startEmbeddedPostgres({ directory });
}

export interface Needs {
  /** The broker: what becomes ready must be told of. Everything else only needs the database. */
  readonly publishes?: boolean;
  /** The application's time zone, in which crontabs are computed. */
  readonly schedules?: boolean;
}

/**
 * Works with the records.
 * @throws CliError, and what `explain()` knows
 */
export async function withConnection<T>(
  options: GlobalOptions,
  io: Io,
  work: (connection: Connection) => Promise<T>,
  { publishes = false, schedules = false }: Needs = {},
): Promise<T> {
  if (publishes && options.broker?.startsWith('memory:'))
    throw new CliError('with memory:// tasks run only in the process that submits them', EXIT.usage);
  const database = await findDatabase(options, io);
  // ours, because Nest closes nothing of what failed to start
  const dataSource = new DataSource({ type: 'postgres', url: database.url, connectTimeoutMS: 5000 });
  try {
    await dataSource.initialize();
    const application = CliModule.of(dataSource, options, {
      broker: publishes ? options.broker : undefined,
      timezone: schedules ? await applicationZone(dataSource, options.schema) : undefined,
    });
    const context = await NestFactory.createApplicationContext(application, {
      logger: false,
      abortOnError: false,
    });
    try {
      const connection: Connection = {
        tasks: context.get(TaskService, { strict: false }),
        administration: context.get(Administration, { strict: false }),
        remote: context.get(RemoteControl, { strict: false }),
        schedules: context.get(ScheduleService, { strict: false }),
        events: context.get(TaskEventBus, { strict: false }),
      };
      if (publishes) await assertSameBroker(connection, options.broker);
      return await work(connection);
    } finally {
      await context.close();
    }
  } finally {
    if (dataSource.isInitialized) await dataSource.destroy();
    await database.release();
  }
}

/** Through another broker than the workers' what is submitted would wait until it is missed. */
async function assertSameBroker({ administration }: Connection, given: string | undefined): Promise<void> {
  const workers = (await administration.workers()).filter(({ alive }) => alive);
  const { kind } = readBrokerOptions(given);
  const other = workers.find(({ broker }) => broker !== null && broker !== kind);
  if (other)
    throw new CliError(
      `the worker ${other.name} takes its tasks from ${other.broker}: give --broker (or set BROKER_URL) as the application does`,
      EXIT.usage,
    );
}
