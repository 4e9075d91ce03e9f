import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Injectable, UseGuards, type CanActivate } from '@nestjs/common';
import { Test, type TestingModule } from '@nestjs/testing';
import type { EntityManager } from 'typeorm';
import {
  OnTaskEvent,
  Task,
  TaskContext,
  TaskFailedError,
  TaskRevokedError,
  TaskService,
  type TaskEvent,
} from '#dist/tasks/index.js';
import { TasksTestingModule, TestTasks, type TasksTestingOptions } from '#dist/tasks/testing/index.js';

@Injectable()
class Never implements CanActivate {
  canActivate(): boolean {
    return false;
  }
}

@Injectable()
class ShopTasks {
  readonly mails: string[] = [];

  constructor(private readonly tasks: TaskService) {}

  @Task({ retry: { max: 3, delay: '1h' } })
  async pay(amount: number, ctx: TaskContext): Promise<string> {
    if (ctx.attempt < 3) throw new Error('bank is closed');
    await ctx.progress(1, 1);
    const mail = await this.tasks.of(ShopTasks).mail.delay(`paid ${amount}`);
    await mail.get();
    return `receipt ${amount}`;
  }

  @Task({ queue: 'mail', priority: 5 })
  mail(text: string): void {
    this.mails.push(text);
  }

  @Task()
  remind(text: string, ctx: TaskContext): void {
    if (ctx.attempt === 1) ctx.snooze('1d');
    this.mails.push(text);
  }

  @Task()
  @UseGuards(Never)
  guarded(): void {}

  @Task()
  async hangs(ctx: TaskContext): Promise<void> {
    await new Promise<void>((resolve) => ctx.signal.addEventListener('abort', () => resolve()));
    ctx.signal.throwIfAborted();
  }

  @OnTaskEvent(['retried', 'succeeded'])
  hear({ event, name }: TaskEvent<'retried' | 'succeeded'>): void {
    if (name === 'shop.pay') this.mails.push(event);
  }
}

describe('celeriac/testing', () => {
  let module: TestingModule;
  let tasks: TaskService;
  let test: TestTasks;
  let shop: ShopTasks;

  const open = async (options: TasksTestingOptions = {}) => {
    module = await Test.createTestingModule({
      imports: [TasksTestingModule.forRoot(options)],
      providers: [ShopTasks],
    }).compile();
    module.useLogger(false);
    await module.init();
    tasks = module.get(TaskService);
    test = module.get(TestTasks);
    shop = module.get(ShopTasks);
  };

  beforeEach(() => open());
  afterEach(() => module.close());

  it('runs a task when it is submitted, with its retries and what it submits, in milliseconds', async () => {
    const started = performance.now();
    const handle = await tasks.of(ShopTasks).pay.delay(5);
    expect(await handle.record()).toMatchObject({
      state: 'SUCCESS',
      result: 'receipt 5',
      attempt: 3,
      retries: 2,
      progress: { percent: 100 },
    });
    expect(shop.mails).toEqual(['retried', 'retried', 'paid 5', 'succeeded']);
    expect((await tasks.history(handle.id)).map((entry) => entry.kind)).toEqual([
      'submitted',
      'retried',
      'retried',
      'succeeded',
    ]);
    expect(performance.now() - started).toBeLessThan(1000);
  });

  it('goes through guards, and errors are failures of the handle', async () => {
    const handle = await tasks.of(ShopTasks).guarded.delay();
    await expect(handle.get()).rejects.toBeInstanceOf(TaskFailedError);
  });

  it('holds back a countdown until the clock is moved', async () => {
    const handle = await tasks.of(ShopTasks).mail.applyAsync(['later'], { countdown: '10m' });
    await test.advance('9m');
    expect(shop.mails).toEqual([]);
    await test.advance('1m');
    expect(shop.mails).toEqual(['later']);
    expect(await handle.state()).toBe('SUCCESS');
  });

  it('expires and revokes by that clock too', async () => {
    const late = await tasks.of(ShopTasks).mail.applyAsync(['x'], { countdown: '1h', expires: '2h' });
    test.clock.advance('3h');
    await test.drain();
    await expect(late.get()).rejects.toBeInstanceOf(TaskRevokedError);
    const revoked = await tasks.of(ShopTasks).mail.applyAsync(['y'], { countdown: '1h' });
    expect(await revoked.revoke()).toMatchObject({ state: 'REVOKED' });
    expect(shop.mails).toEqual([]);
  });

  it('does not expire what has begun, unless it is to be tried again', async () => {
    const snoozed = await tasks.of(ShopTasks).remind.applyAsync(['tomorrow'], { expires: '2h' });
    const retried = await tasks.of(ShopTasks).pay.applyAsync([1], { expires: '30m' });
    await test.advance('1d');
    expect(await snoozed.state()).toBe('SUCCESS');
    expect(await retried.record()).toMatchObject({ state: 'REVOKED', attempt: 1 });
  });

  it('without eager runs what is submitted when it is drained, by priority', async () => {
    await module.close();
    await open({ eager: false });
    await tasks.of(ShopTasks).remind.delay('tomorrow');
    await tasks.of(ShopTasks).mail.applyAsync(['low'], { priority: 0 });
    await tasks.of(ShopTasks).mail.delay('high');
    expect(shop.mails).toEqual([]);
    await test.drain();
    expect(shop.mails).toEqual(['high', 'low']);
    await test.drain({ untilEmpty: true });
    expect(shop.mails).toEqual(['high', 'low', 'tomorrow']);
    expect(test.submitted().map((record) => record.state)).toEqual(['SUCCESS', 'SUCCESS', 'SUCCESS']);
  });

  it('revokes what runs', async () => {
    await module.close();
    await open({ eager: false });
    const handle = await tasks.of(ShopTasks).hangs.delay();
    const drained = test.drain();
    expect(await handle.state()).toBe('STARTED');
    await handle.revoke();
    await drained;
    expect(await handle.state()).toBe('REVOKED');
  });

  it('asserts on what was submitted', async () => {
    await tasks.of(ShopTasks).mail.applyAsync(['hello'], { tags: { user: '42' } });
    const { mail, pay } = tasks.of(ShopTasks);
    expect(test.expectSubmitted(mail, ['hello'], { queue: 'mail', tags: { user: '42' } }).state).toBe(
      'SUCCESS',
    );
    test.expectSubmitted('shop.mail', [expect.stringContaining('ell')]);
    test.expectNotSubmitted(pay);
    expect(() => test.expectSubmitted(mail, ['bye'])).toThrow(
      'expected shop.mail["bye"] to be submitted; submitted:\n  shop.mail["hello"] in mail',
    );
    expect(() => test.expectNotSubmitted(mail)).toThrow(/not to be submitted/);
    test.reset();
    expect(() => test.expectSubmitted(mail)).toThrow(/nothing was submitted/);
  });

  it('lets another handler stand in', async () => {
    const { mail, pay } = tasks.of(ShopTasks);
    test.override(mail, (text, ctx) => `instead: ${text}, ${ctx.queue}`);
    const handle = await mail.delay('x');
    expect(await handle.get()).toBe('instead: x, mail');
    test.override(pay, () => {
      throw new Error('no money');
    });
    await expect((await pay.applyAsync([1], { retry: false })).get()).rejects.toThrow('no money');
    test.reset();
    await mail.delay('real');
    expect(shop.mails).toEqual(['real']);
  });

  it('keeps idempotency keys, and submits in a transaction that is none', async () => {
    const first = await tasks.of(ShopTasks).mail.applyAsync(['a'], { idempotencyKey: 'k' });
    const again = await tasks.of(ShopTasks).mail.applyAsync(['a'], { idempotencyKey: 'k' });
    expect(again.id).toBe(first.id);
    await tasks.of(ShopTasks).mail.applyAsync(['b'], { manager: {} as EntityManager });
    expect(shop.mails).toEqual(['a', 'b']);
  });
});
