import { describe, expect, it } from '@jest/globals';
import { Injectable } from '@nestjs/common';
import { Observable, of as just } from 'rxjs';
import {
  Task,
  TaskContext,
  type Jsonified,
  type TaskArgs,
  type TaskHandle,
  type TaskRefs,
  type TaskResult,
  type WorkflowHandle,
  chain,
  chord,
  group,
  workflow,
} from '#dist/tasks/index.js';
import { createReferences } from '#dist/tasks/definition/create-references.js';

interface Input {
  url: string;
  width?: number;
}

@Injectable()
class SampleTasks {
  @Task()
  add(x: number, y: number): number {
    return x + y;
  }
  @Task()
  total(values: number[]): number {
    return values.length;
  }
  @Task()
  async thumbnail(_input: Input, ctx: TaskContext): Promise<{ at: Date }> {
    return ctx.retry();
  }
  optional(_x: number, _y?: string, _ctx?: TaskContext): void {}
  defaulted(_x: number, _y = 5, _ctx?: TaskContext): void {}
  none(_ctx: TaskContext): string {
    return '';
  }
  rest(..._xs: number[]): number {
    return 0;
  }
  observable(): Observable<number> {
    return just(1);
  }
  protected helper(): void {}
  onModuleInit(): void {}
  label = 'x';
}

type Equal<A, B> = [A, B] extends [B, A] ? true : false;

/** Compiling is the test: the type check of the project includes this file. */
export function types(refs: TaskRefs<SampleTasks>): void {
  void (true satisfies Equal<TaskArgs<SampleTasks['add']>, [x: number, y: number]>);
  void (true satisfies Equal<TaskArgs<SampleTasks['thumbnail']>, [_input: Input]>);
  void (true satisfies Equal<TaskArgs<SampleTasks['none']>, []>);
  void (true satisfies Equal<TaskArgs<SampleTasks['rest']>, number[]>);
  void (true satisfies Equal<TaskResult<SampleTasks['observable']>, number>);
  void (true satisfies Equal<Jsonified<{ at: Date; n?: number; f(): void }>, { at: string; n?: number }>);
  void (true satisfies Equal<Jsonified<void>, null>);

  const steps: Promise<WorkflowHandle<{ at: string }>> = chain(
    refs.none.s(),
    refs.thumbnail.si({ url: '' }),
  ).delay();
  const both: Promise<WorkflowHandle<[number, string]>> = chain(
    refs.add.s(1, 2),
    group(refs.add.s(3), refs.none.si()),
  ).delay();
  const total: Promise<WorkflowHandle<number>> = chord(
    group([1, 2].map((x) => refs.add.s(x, x))),
    refs.total.s(),
  ).delay();
  const named: Promise<WorkflowHandle<{ b: number }>> = workflow()
    .task('a', refs.add.s(1, 2))
    .task('b', refs.add.s(1), { after: 'a' })
    .delay();
  void [steps, both, total, named];
  // @ts-expect-error a text is no number
  chain(refs.none.s(), refs.add.s(4));
  // @ts-expect-error there is no room for the result
  chain(refs.add.s(1, 2), refs.add.s(1, 2));
  // @ts-expect-error the body takes numbers
  chord(group(refs.none.s(), refs.none.s()), refs.total.s());
  // @ts-expect-error nothing gives the first argument
  void refs.add.s(1).delay();
  // @ts-expect-error no step of this name is there yet
  workflow().task('b', refs.add.s(1), { after: 'a' });
  // @ts-expect-error a callback takes the result
  refs.none.s().link(refs.add.s(1));
  // @ts-expect-error a null in its place is no number
  chord(group([refs.add.s(1, 2)]).allowFailures(), refs.total.s());

  const sum: Promise<TaskHandle<number>> = refs.add.delay(2, 3);
  const at: Promise<TaskHandle<{ at: string }>> = refs.thumbnail.delay({ url: '' });
  void [sum, at];
  void refs.optional.delay(1);
  void refs.optional.delay(1, 'a');
  void refs.defaulted.delay(1, 2);
  void refs.none.delay();
  void refs.rest.delay(1, 2, 3);
  void refs.add.applyAsync([2, 3], { countdown: '10s' });
  // @ts-expect-error a text is no number
  void refs.add.delay('2', 3);
  // @ts-expect-error one is missing
  void refs.add.delay(2);
  // @ts-expect-error one too many
  void refs.add.delay(2, 3, 4);
  // @ts-expect-error the context is not the caller's
  void refs.thumbnail.delay({ url: '' }, {} as TaskContext);
  // @ts-expect-error not public
  void refs.helper;
  // @ts-expect-error a life-cycle hook
  void refs.onModuleInit;
  // @ts-expect-error not a method
  void refs.label;
  // @ts-expect-error no such option
  void refs.add.applyAsync([2, 3], { countdwn: 1 });
}

describe('references', () => {
  const submitted: unknown[][] = [];
  const refs = createReferences(SampleTasks, async (...call) => {
    submitted.push(call);
    return undefined as never;
  }) as TaskRefs<SampleTasks>;

  it('know names and options from the decorators alone', async () => {
    expect(refs.add.name).toBe('sample.add');
    await refs.add.applyAsync([1, 2], { priority: 9 });
    expect(submitted.at(-1)).toMatchObject([{ name: 'sample.add' }, [1, 2], { priority: 9 }]);
  });

  it('say so when a method is not a task', () => {
    expect(() => refs.optional).toThrow(/of\(SampleTasks\).optional: this method is not decorated/);
    expect(() => (refs as never as { ad: unknown }).ad).toThrow(/did you mean 'add'\?/);
  });

  it('say so when a class has no task at all', () => {
    class Plain {
      run(): void {}
    }
    expect(() => createReferences(Plain, undefined as never)).toThrow(/none of its methods is decorated/);
  });
});
