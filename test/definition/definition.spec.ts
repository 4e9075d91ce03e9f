import { describe, expect, it } from '@jest/globals';
import { Controller, Injectable, Module } from '@nestjs/common';
import { DiscoveryModule } from '@nestjs/core';
import { Test } from '@nestjs/testing';
import {
  Ctx,
  Task,
  TaskContext,
  TaskDefinitionError,
  TaskRegistry,
  UnknownTaskError,
  type TaskOptions,
} from '#dist/tasks/index.js';
import { TaskDefaults } from '#dist/tasks/definition/task-defaults.js';
import { TaskExplorer } from '#dist/tasks/definition/task-explorer.js';

/** Discovers the tasks of these providers, as the module does at start. */
async function discover(metadata: {
  providers?: never[] | unknown[];
  imports?: unknown[];
  controllers?: unknown[];
}): Promise<TaskRegistry> {
  const module = await Test.createTestingModule({
    imports: [DiscoveryModule, ...((metadata.imports ?? []) as never[])],
    providers: [TaskRegistry, TaskExplorer, ...((metadata.providers ?? []) as never[])],
    controllers: (metadata.controllers ?? []) as never[],
  }).compile();
  await module.init();
  return module.get(TaskRegistry);
}

const names = (registry: TaskRegistry) => registry.all().map((task) => task.name);

@Injectable()
class MathTasks {
  @Task()
  add(x: number, y: number): number {
    return x + y;
  }
  @Task({ name: 'sums.subtract', aliases: ['math.minus'], queue: 'sums', priority: 3 })
  subtract(x: number, y: number): number {
    return x - y;
  }
  notATask(): void {}
}

describe('discovery', () => {
  it('names a task after its class without Tasks, and its method', async () => {
    expect(names(await discover({ providers: [MathTasks] }))).toEqual(['math.add', 'sums.subtract']);
  });

  it('finds a renamed task under its former name too', async () => {
    const registry = await discover({ providers: [MathTasks] });
    expect(registry.find('math.minus')).toBe(registry.find('sums.subtract'));
    expect(registry.get('sums.subtract')).toMatchObject({
      queue: 'sums',
      settings: { priority: 3 },
      maxArguments: 2,
    });
  });

  it('applies the module’s defaults and routes', async () => {
    const defaults = new TaskDefaults({ timeLimit: '1m' }, {}, { 'math.*': 'numbers' });
    const registry = await discover({
      providers: [MathTasks, { provide: TaskDefaults, useValue: defaults }],
    });
    expect(registry.get('math.add')).toMatchObject({ queue: 'numbers', settings: { timeLimitMs: 60_000 } });
    expect(registry.queues()).toEqual(['numbers', 'sums']);
  });

  it('suggests the nearest name for an unknown one', async () => {
    const registry = await discover({ providers: [MathTasks] });
    expect(() => registry.get('math.ad')).toThrow(
      new UnknownTaskError('math.ad', ", did you mean 'math.add'?"),
    );
  });

  it('finds tasks of providers made by factories, and once when a provider has two tokens', async () => {
    const registry = await discover({
      providers: [
        { provide: 'FACTORY', useFactory: () => new MathTasks() },
        { provide: 'ALIAS', useExisting: 'FACTORY' },
      ],
    });
    expect(names(registry)).toEqual(['math.add', 'sums.subtract']);
  });
});

class Base {
  @Task()
  run(): string {
    return 'base';
  }
  @Task()
  other(): string {
    return 'other';
  }
}
@Injectable()
class FirstTasks extends Base {}
@Injectable()
class SecondTasks extends Base {
  @Task({ name: 'second.renamed' })
  override run(): string {
    return 'second';
  }
  // as with Nest's own method decorators, an override without the decorator is a plain method
  override other(): string {
    return 'plain';
  }
}

describe('inheritance', () => {
  it('gives each subclass the tasks of its parent under its own name', async () => {
    expect(names(await discover({ providers: [FirstTasks] }))).toEqual(['first.other', 'first.run']);
  });

  it('takes an override as a task only when it is decorated itself', async () => {
    expect(names(await discover({ providers: [FirstTasks, SecondTasks] }))).toEqual([
      'first.other',
      'first.run',
      'second.renamed',
    ]);
  });

  it('refuses a name that two subclasses would share', async () => {
    class Named {
      @Task({ name: 'shared.run' })
      run(): void {}
    }
    @Injectable()
    class A extends Named {}
    @Injectable()
    class B extends Named {}
    await expect(discover({ providers: [A, B] })).rejects.toThrow(
      /two tasks are called 'shared.run': A.run in .* and B.run in .*name/,
    );
  });
});

describe('what cannot work is said at start', () => {
  it('a class that two modules provide, naming both', async () => {
    @Module({ providers: [MathTasks] })
    class One {}
    @Module({ providers: [MathTasks] })
    class Two {}
    await expect(discover({ imports: [One, Two] })).rejects.toThrow(
      /MathTasks is provided twice, by One and by Two.*export it there/,
    );
  });

  it('a task on a controller', async () => {
    @Controller()
    class MathController {
      @Task()
      add(): void {}
    }
    await expect(discover({ controllers: [MathController] })).rejects.toThrow(
      /on MathController.add: tasks live on providers/,
    );
  });

  it('a context whose type is unknown at run time, as with import type or without emitDecoratorMetadata', async () => {
    interface OnlyAType {
      id: string;
    }
    @Injectable()
    class TypedTasks {
      @Task()
      run(_input: string, _ctx: OnlyAType): void {}
    }
    // what tsc emits for a class that was imported by `import type`: its own types leave nothing else of it
    @Injectable()
    class TscTasks {
      @Task()
      run(_input: string, _ctx: () => void): void {}
    }
    expect(Reflect.getMetadata('design:paramtypes', TscTasks.prototype, 'run')).toEqual([String, Function]);
    @Injectable()
    class BareTasks {
      @Task()
      run(_input: string, _ctx: TaskContext): void {}
    }
    Reflect.deleteMetadata('design:paramtypes', BareTasks.prototype, 'run');
    for (const tasks of [TypedTasks, TscTasks, BareTasks])
      await expect(discover({ providers: [tasks] })).rejects.toThrow(
        /parameter '_ctx' is not known at run time.*import \{ TaskContext \}.*emitDecoratorMetadata/,
      );
  });

  it('a context that is not last', async () => {
    @Injectable()
    class OrderTasks {
      @Task()
      run(_ctx: TaskContext, _input: string): void {}
    }
    await expect(discover({ providers: [OrderTasks] })).rejects.toThrow(
      /the TaskContext must be the last parameter/,
    );
  });

  it.each([
    [{ name: '../x' }, /a task's name is made of/],
    [{ name: 'bulk' }, /none of bulk/],
    [{ name: 'x'.repeat(201) }, /at most 200/],
    [{ priority: 10 }, /priority: expected a whole number from 0 to 9 \(9 first\), got 10/],
    [{ queue: 'a b' }, /queue: expected a queue name/],
    [{ softTimeLimit: 'soon' }, /softTimeLimit: expected milliseconds/],
    [{ retry: { max: -1 } }, /retry.max: expected a whole number/],
    [{ retry: { maxx: 1 } }, /retry.maxx: expected one of/],
    [{ retrys: true }, /unknown option 'retrys', did you mean 'retry'\?/],
  ])('wrong options: %j', async (options, message) => {
    @Injectable()
    class WrongTasks {
      @Task(options as TaskOptions)
      run(): void {}
    }
    const error = await discover({ providers: [WrongTasks] }).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(TaskDefinitionError);
    expect((error as Error).message).toMatch(message);
    expect((error as Error).message).toContain('@Task() on WrongTasks.run');
  });
});

describe('the context', () => {
  it('is found by its type or by @Ctx(), and is no argument of the caller', async () => {
    @Injectable()
    class ContextTasks {
      @Task()
      typed(_x: number, _ctx: TaskContext): void {}
      @Task()
      marked(_x: number, @Ctx() _anything: unknown): void {}
      @Task()
      rest(..._xs: number[]): void {}
    }
    const registry = await discover({ providers: [ContextTasks] });
    expect(registry.get('context.typed')).toMatchObject({ contextIndex: 1, maxArguments: 1 });
    expect(registry.get('context.marked')).toMatchObject({ contextIndex: 1, maxArguments: 1 });
    expect(registry.get('context.rest')).toMatchObject({ contextIndex: undefined, maxArguments: undefined });
  });
});
