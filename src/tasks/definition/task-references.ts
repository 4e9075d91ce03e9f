import type { Abstract, Type } from '@nestjs/common';
import type { Observable } from 'rxjs';
import type { SubmitOptions } from '../submission/submit-options.js';
import type { TaskHandle } from '../submission/task-handle.js';
import type { TaskContext } from './task-context.js';
import type { Group, Signature } from '../workflow/signature.js';

type Method = (...args: never[]) => unknown;
type IsAny<T> = 0 extends 1 & T ? true : false;

/** A method's parameters without a trailing TaskContext, required or optional. */
type StripContext<P extends readonly unknown[]> =
  Required<P> extends [...unknown[], infer Last]
    ? IsAny<Last> extends true
      ? P // (value: any) is the caller's argument
      : [Last] extends [TaskContext]
        ? P extends [...infer Given, TaskContext]
          ? Given
          : DropLastOptional<P>
        : P
    : P;

/** `[...infer A, X?]` does not match a trailing optional element reliably, so it is taken apart from the front. */
type DropLastOptional<P extends readonly unknown[], Kept extends unknown[] = []> =
  Required<P> extends [infer _First, infer _Second, ...unknown[]]
    ? P extends [infer Head, ...infer Tail]
      ? DropLastOptional<Tail, [...Kept, Head]>
      : P extends [(infer Head)?, ...infer Tail]
        ? DropLastOptional<Tail, [...Kept, Head?]>
        : Kept
    : Kept;

/** What a caller passes to a task's method. */
export type TaskArgs<F> = F extends (...args: infer P) => unknown ? StripContext<P> : never;

/** What a task's method returns in the end: promises and observables unpacked. */
export type TaskResult<F> = F extends (...args: never[]) => infer R
  ? R extends Observable<infer O>
    ? O
    : Awaited<R>
  : never;

/** What JSON gives back of it: a Date comes back as a string, methods do not come back. */
export type Jsonified<T> =
  IsAny<T> extends true
    ? T
    : unknown extends T
      ? T
      : T extends { toJSON(): infer J }
        ? Jsonified<J>
        : T extends string | number | boolean | null
          ? T
          : T extends undefined | void
            ? null
            : T extends symbol | Method | bigint | Map<unknown, unknown> | Set<unknown>
              ? never
              : T extends readonly unknown[]
                ? { [K in keyof T]: Jsonified<T[K]> }
                : T extends object
                  ? { [K in keyof T as T[K] extends symbol | Method ? never : K]: JsonifiedProperty<T[K]> }
                  : unknown;

type JsonifiedProperty<T> = Jsonified<Exclude<T, undefined>> | Extract<T, undefined>;

/** One task, to be submitted with its own types. */
export interface TaskRef<A extends readonly unknown[], R> {
  readonly name: string;
  /** Submits with the task's own options. */
  delay(...args: A): Promise<TaskHandle<R>>;
  /** Submits with options of this call. */
  applyAsync(args: A, options?: SubmitOptions): Promise<TaskHandle<R>>;
  /**
   * A step of a workflow: all arguments, or all but the first, which is then the result of the step before it.
   */
  s<const G extends A | Behind<A>>(...given: G): Signature<Room<A, G>, R, G extends A ? true : false>;
  /** A step that takes nothing of the step before it (immutable). */
  si(...given: A): Signature<unknown, R, true>;
  /** One task that runs this one for every item, one after the other. The result is the list of theirs. */
  map(items: readonly First<A>[]): Signature<unknown, R[], true>;
  /** The same with all arguments of each. */
  starmap(items: readonly A[]): Signature<unknown, R[], true>;
  /** Side by side in slices of this size, each one task. The result is the list of the slices' lists. */
  chunks(items: readonly A[], size: number): Group<unknown, R[][], true>;
}

type First<A extends readonly unknown[]> = A extends readonly [(infer F)?, ...infer _] ? F : A[number];

type Behind<A extends readonly unknown[]> = number extends A['length']
  ? A
  : A extends readonly [unknown?, ...infer T]
    ? T
    : [];

/** What the result of the step before must be for [result, ...given] to fit; never: there is no room for one. */
type Room<A extends readonly unknown[], G extends readonly unknown[]> = number extends A['length']
  ? G extends A
    ? A[number]
    : never
  : A extends readonly [(infer H)?, ...infer T]
    ? G extends T
      ? H
      : never
    : never;

type LifeCycle =
  | 'onModuleInit'
  | 'onModuleDestroy'
  | 'onApplicationBootstrap'
  | 'beforeApplicationShutdown'
  | 'onApplicationShutdown';
type Methods<T> = { [K in keyof T]: T[K] extends Method ? K : never }[keyof T];

/** The tasks of a class. Methods that are not decorated are typed too; using one throws and says so. */
export type TaskRefs<T> = {
  readonly [K in Exclude<Methods<T>, LifeCycle>]: TaskRef<TaskArgs<T[K]>, Jsonified<TaskResult<T[K]>>>;
};

/** A class whose methods are tasks. */
export type TaskClass<T> = Type<T> | Abstract<T>;
