import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Injectable, UsePipes, ValidationPipe } from '@nestjs/common';
import { Type } from 'class-transformer';
import { IsEmail, IsIn, IsInt, IsOptional, IsString, MaxLength, Min, ValidateNested } from 'class-validator';
import { z } from 'zod';
import {
  InvalidArgumentError,
  Task,
  TaskContext,
  TaskFailedError,
  TaskRegistry,
  type TaskHandle,
} from '#dist/tasks/index.js';
import { createApplication, type TestApplication } from '../support/application.js';
import { createDatabase, type TestDatabase } from '../support/database.js';

class Address {
  @IsString() @MaxLength(80) street!: string;
}
class Customer {
  @IsEmail() email!: string;
  @IsInt() @Min(18) age!: number;
  @IsOptional() @IsIn(['gold', 'silver']) level?: string;
  @ValidateNested({ each: true }) @Type(() => Address) addresses!: Address[];
}
const order = z.object({ id: z.number().int(), at: z.iso.datetime().transform((text) => new Date(text)) });

@Injectable()
class CheckedTasks {
  @Task({ args: [order, z.number().default(7)] })
  order(given: unknown, count: number, _ctx: TaskContext): unknown[] {
    const { at } = given as { at: Date };
    return [at instanceof Date, at.getUTCFullYear(), count];
  }

  @Task()
  @UsePipes(new ValidationPipe({ transform: true, whitelist: true }))
  welcome(customer: Customer): unknown[] {
    return [customer instanceof Customer, Object.keys(customer).sort()];
  }

  @Task({ returns: z.object({ total: z.number() }), retry: true })
  total(value: unknown): unknown {
    return { total: value, more: 1 };
  }

  @Task()
  plain(_count: number, _name?: string): void {}
}

const customer = { email: 'ann@example.org', age: 30, addresses: [{ street: 'Main 1' }] };

describe('arguments and results', () => {
  let database: TestDatabase;
  let application: TestApplication;
  const tasks = () => application.tasks.of(CheckedTasks);
  const result = (handle: TaskHandle) => handle.get({ timeout: '60s' });
  const refusal = async (submission: Promise<unknown>) => {
    const error = await submission.catch((e: unknown) => e);
    expect(error).toBeInstanceOf(InvalidArgumentError);
    const { path, code } = error as InvalidArgumentError;
    return { path, code };
  };

  beforeAll(async () => {
    database = await createDatabase();
    application = await createApplication(database.url, { providers: [CheckedTasks] });
    await application.startWorker();
  });
  afterAll(async () => {
    await application.close();
    await database.drop();
  });

  it('that do not fit a Standard Schema are refused at submission, with their path', async () => {
    const at = '2030-01-01T00:00:00Z';
    expect(await refusal(tasks().order.delay({ id: 1.5, at }, 1))).toEqual({
      path: 'args[0].id',
      code: 'ARG_TYPE',
    });
    expect(await refusal(application.tasks.submit('checked.order', []))).toEqual({
      path: 'args[0]',
      code: 'ARG_REQUIRED',
    });
    expect(
      await refusal(
        application.tasks.submitMany([
          { name: 'checked.plain', args: [1] },
          { name: 'checked.order', args: [{ id: 1 }] },
        ]),
      ),
    ).toMatchObject({ path: '[1].args[0].at' });
    expect(Object.values(await application.tasks.counts()).every((n) => n === 0)).toBe(true);
  });

  it('are what the schema makes of them in the worker, defaults included', async () => {
    const handle = await application.tasks.submit('checked.order', [
      { id: 1, at: new Date('2031-05-05T00:00:00Z') },
    ]);
    expect(await result(handle)).toEqual([true, 2031, 7]);
  });

  it('that do not fit in the worker fail the task without a retry', async () => {
    const handle = await application.tasks.submit('checked.order', [{ id: 1, at: '2031-05-05T00:00:00Z' }], {
      countdown: 300,
    });
    await database.sql.query(`UPDATE celeriac.task SET args = '[{"id":"x"}]' WHERE id = $1`, [handle.id]);
    const error = await result(handle).catch((e: unknown) => e);
    expect((error as TaskFailedError).error).toMatchObject({
      name: 'InvalidArgumentError',
      message: expect.stringContaining('args[0].id'),
    });
  });

  it('of a class-validator class are checked at submission and by Nest’s pipes in the worker', async () => {
    expect(await refusal(tasks().welcome.delay({ ...customer, age: 3 }))).toEqual({
      path: 'args[0].age',
      code: 'ARG_TYPE',
    });
    expect(await refusal(tasks().welcome.delay({ ...customer, addresses: [{} as Address] }))).toEqual({
      path: 'args[0].addresses.0.street',
      code: 'ARG_REQUIRED',
    });
    const handle = await tasks().welcome.delay(Object.assign({ extra: 1 }, customer));
    expect(await result(handle)).toEqual([true, ['addresses', 'age', 'email', 'level']]);
  });

  it('of a result are checked too: one that does not fit fails the task, without a retry', async () => {
    expect(await result(await tasks().total.delay(5))).toEqual({ total: 5 });
    const handle = await tasks().total.delay('5');
    const error = await result(handle).catch((e: unknown) => e);
    expect((error as TaskFailedError).error).toMatchObject({ code: 'RESULT_INVALID' });
    expect((await handle.record()).attempt).toBe(1);
  });

  it('are described as JSON Schema', () => {
    const registry = application.app.get(TaskRegistry);
    expect(registry.describe('checked.order').args).toEqual([
      {
        name: 'given',
        required: true,
        schema: expect.objectContaining({
          type: 'object',
          properties: { id: expect.objectContaining({ type: 'integer' }), at: expect.anything() },
          required: ['id', 'at'],
        }),
      },
      { name: 'count', required: false, schema: expect.objectContaining({ type: 'number', default: 7 }) },
    ]);
    expect(registry.describe('checked.total').result).toMatchObject({ required: ['total'] });
    expect(registry.describe('checked.welcome').args).toEqual([
      {
        name: 'customer',
        required: true,
        schema: {
          type: 'object',
          properties: {
            email: { type: 'string', format: 'email' },
            age: { type: 'integer', minimum: 18 },
            level: { enum: ['gold', 'silver'] },
            addresses: {
              type: 'array',
              items: {
                type: 'object',
                properties: { street: { type: 'string', maxLength: 80 } },
                required: ['street'],
                additionalProperties: false,
              },
            },
          },
          required: ['email', 'age', 'addresses'],
          additionalProperties: false,
        },
      },
    ]);
    expect(registry.describe('checked.plain')).toEqual({
      name: 'checked.plain',
      queue: 'default',
      priority: 0,
      http: false,
      args: [
        { name: '_count', required: true, schema: { type: 'number' } },
        { name: '_name', required: true, schema: { type: 'string' } },
      ],
      result: {},
    });
  });
});
