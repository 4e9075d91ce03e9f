import { ConfigurableModuleBuilder, type FactoryProvider } from '@nestjs/common';
import { getDataSourceToken } from '@nestjs/typeorm';
import type { DataSource } from 'typeorm';
import { CeleriacError } from './errors.js';
import type { TasksModuleOptions } from './tasks.options.js';

/** `TasksModule.forRoot()` found no TypeORM DataSource. */
export class MissingDataSourceError extends CeleriacError {
  readonly code = 'MISSING_DATA_SOURCE';
}

/** Known while the module is defined, so they stand beside an async factory, not in what it returns. */
export interface TasksModuleExtras {
  /** Whether TaskService can be injected without importing the module again. Default true. */
  isGlobal?: boolean | undefined;
  /** The name of the application's TypeORM DataSource. Default: the unnamed one. */
  dataSource?: string | undefined;
}

export const APPLICATION_DATA_SOURCE = Symbol('celeriac:application-data-source');

const EXTRAS: TasksModuleExtras = { isGlobal: true, dataSource: undefined };

export const { ConfigurableModuleClass: ConfigurableTasksModule, MODULE_OPTIONS_TOKEN: TASKS_OPTIONS } =
  new ConfigurableModuleBuilder<TasksModuleOptions>({ moduleName: 'Tasks' })
    .setClassMethodName('forRoot')
    .setExtras(EXTRAS, (definition, { isGlobal = true, dataSource }) => ({
      ...definition,
      global: isGlobal,
      providers: [...(definition.providers ?? []), applicationDataSource(dataSource)],
    }))
    .build();

/** Injected, so that Nest waits for it; optional, so that we can say what is missing. */
function applicationDataSource(name: string | undefined): FactoryProvider<DataSource> {
  return {
    provide: APPLICATION_DATA_SOURCE,
    inject: [{ token: getDataSourceToken(name) as never, optional: true }],
    useFactory: (dataSource: DataSource | undefined) => {
      if (dataSource) return dataSource;
      const forRoot =
        name === undefined ? 'TypeOrmModule.forRoot({ … })' : `TypeOrmModule.forRoot({ name: '${name}', … })`;
      throw new MissingDataSourceError(
        `TasksModule keeps its records with TypeORM: import ${forRoot} beside it`,
      );
    },
  };
}
