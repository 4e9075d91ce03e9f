import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import { Task, TaskContext, type TaskFailure, type TaskRefs } from '#dist/tasks/index.js';
import type { TestApplication } from '../../support/application.js';

export const calls: { name: string; value: unknown }[] = [];
export const called = (name: string) => calls.filter((call) => call.name === name).map((call) => call.value);
/** Names of fragile tasks that fail. */
export const broken = new Set<string>();
export const soon = { timeout: '60s' };
let gate: Promise<void> = Promise.resolve();
let turns = 0;

@Injectable()
export class FlowTasks {
  @Task()
  add(x: number, y: number): number {
    return x + y;
  }
  @Task()
  sum(values: number[]): number {
    return values.reduce((sum, value) => sum + value, 0);
  }
  @Task()
  text(value: unknown): string {
    return JSON.stringify(value);
  }
  @Task()
  note(value: unknown, label = 'note'): unknown {
    calls.push({ name: label, value });
    return value;
  }
  /** Fails as long as its name is among the broken ones. */
  @Task()
  fragile(name: string): string {
    calls.push({ name: 'fragile', value: name });
    if (broken.has(name)) throw new TypeError(`${name} is broken`);
    return name;
  }
  @Task()
  async held(value: number): Promise<number> {
    await gate;
    return value;
  }
  @Task()
  failed(failure: TaskFailure): void {
    calls.push({ name: 'failed', value: failure });
  }
  @Task()
  where(ctx: TaskContext): { groupId: string | null; workflowId: string | null } {
    return { groupId: ctx.groupId, workflowId: ctx.workflowId };
  }
  @Task({ retry: { max: 1, delay: 1 } })
  fanOut(count: number, ctx: TaskContext): string {
    const { add } = refs;
    for (let i = 0; i < count; i++) ctx.addToGroup(add.s(i, 1));
    if (ctx.attempt === 1) throw new Error('the first attempt adds nothing');
    return 'parent';
  }
  @Task()
  async lateFanOut(count: number, ctx: TaskContext): Promise<string> {
    await gate;
    for (let i = 0; i < count; i++) ctx.addToGroup(refs.add.s(i, 1));
    return 'late';
  }
  @Task()
  factorial(n: number, result: number, ctx: TaskContext): number {
    if (n <= 1) return result;
    return ctx.replace(refs.factorial.s(n - 1, result * n));
  }
  @Task()
  async approved(document: string, ctx: TaskContext): Promise<string> {
    calls.push({ name: 'approved', value: ctx.attempt });
    const by = await ctx.waitFor<string>('approval', { timeout: '10s' });
    return `${document} by ${by}`;
  }
  @Task()
  delegate(name: string, ctx: TaskContext): string {
    return ctx.replace(refs.fragile.s(name));
  }
  /** How many of it run at once. */
  @Task({ limit: { concurrency: 1 } })
  async single(ctx: TaskContext): Promise<void> {
    await ctx.waitFor('turn');
    calls.push({ name: 'single', value: ++turns });
    await sleep(30);
    turns--;
  }
  @Task()
  async impatient(ctx: TaskContext): Promise<string> {
    return ctx.waitFor<string>('never', { timeout: 50 });
  }
}

/** Of the file that runs the contract. */
export let application: TestApplication;
export let refs: TaskRefs<FlowTasks>;
export const workflows = () => application.tasks.workflows;

export function useApplication(given: TestApplication): void {
  application = given;
  refs = given.tasks.of(FlowTasks);
}

export function reset(): void {
  calls.length = 0;
  broken.clear();
  gate = Promise.resolve();
}

/** Tasks wait at the gate. @returns opens it */
export function closeGate(): () => void {
  let open = () => {};
  gate = new Promise((resolve) => (open = resolve));
  return open;
}
