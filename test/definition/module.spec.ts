import { describe, expect, it } from '@jest/globals';
import { Global, Module, type DynamicModule, type Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { getDataSourceToken } from '@nestjs/typeorm';
import { MissingDataSourceError, TaskDefinitionError, TasksModule } from '#dist/tasks/index.js';

/** Stands in for TypeORM: none of these applications gets as far as its database. */
@Global()
@Module({
  providers: [{ provide: getDataSourceToken(), useValue: {} }],
  exports: [getDataSourceToken()],
})
class OrmModule {}

/** Why an application with these imports does not start. */
async function refusal(...imports: (Type | DynamicModule)[]): Promise<Error> {
  @Module({ imports })
  class AppModule {}
  const starting = NestFactory.createApplicationContext(AppModule, { logger: false, abortOnError: false });
  return starting.then(
    () => new Error('it has started'),
    (error: Error) => error,
  );
}

describe('TasksModule says at start what an application has wired wrong', () => {
  it('no TypeORM: what to import beside it', async () => {
    const error = await refusal(TasksModule.forRoot());
    expect(error).toBeInstanceOf(MissingDataSourceError);
    expect(error.message).toMatch(/keeps its records with TypeORM: import TypeOrmModule\.forRoot\(\{ … \}\)/);
    const named = await refusal(TasksModule.forRoot({ dataSource: 'orders' }));
    expect(named.message).toContain("import TypeOrmModule.forRoot({ name: 'orders', … })");
  });

  it('forRoot() a second time in a feature module: where it belongs', async () => {
    @Module({ imports: [TasksModule.forRoot({ worker: 'inline' })] })
    class OrdersModule {}
    const error = await refusal(OrmModule, TasksModule.forRoot(), OrdersModule);
    expect(error).toBeInstanceOf(TaskDefinitionError);
    expect(error.message).toMatch(/imported 2 times .*in the application's module only: it is global/);
  });

  it('the class alone in a feature module, or in the application’s: what to write instead', async () => {
    @Module({ imports: [TasksModule] })
    class OrdersModule {}
    const twice = await refusal(OrmModule, TasksModule.forRoot(), OrdersModule);
    expect(twice.message).toMatch(/imported 2 times .*or once without any/);
    const alone = await refusal(OrmModule, OrdersModule);
    expect(alone.message).toMatch(/without its options: write TasksModule\.forRoot\(\{ … \}\) in 'imports'/);
  });
});
