import { InvalidOptionError } from '../errors.js';
import {
  Group,
  Signature,
  launcherOf,
  type AnySignature,
  type InOf,
  type OutOf,
  type StartOf,
} from './signature.js';
import { NOTHING_FOLLOWS, type Step } from './step.js';

type Last<S extends readonly unknown[]> = S extends readonly [...unknown[], infer L] ? L : never;

/** Shown by the compiler where two steps do not fit. */
export interface Mismatch<Message extends string, Got, Wanted> {
  readonly error: Message;
  readonly given: Got;
  readonly expected: Wanted;
}

/** Each step takes the result of the one before it. */
export type Linked<S extends readonly unknown[]> = S extends readonly [infer A, infer B, ...infer T]
  ? [
      A,
      ...([OutOf<A>] extends [InOf<B>]
        ? Linked<[B, ...T]>
        : [Mismatch<'the result of the step before does not fit', OutOf<A>, InOf<B>>, ...T]),
    ]
  : S;

type ToIntersection<U> = (U extends unknown ? (x: U) => void : never) extends (x: infer I) => void
  ? I
  : never;
type InOfAll<S extends readonly unknown[]> =
  ToIntersection<{ [K in keyof S]: [InOf<S[K]>] }[number]> extends infer X
    ? X extends [infer I]
      ? I
      : never
    : never;

/**
 * One after the other: each gets the result of the one before it as its first argument, unless it is immutable (`si`).
 * The result is that of the last.
 */
export function chain<const S extends readonly [AnySignature, ...AnySignature[]]>(
  ...steps: S & Linked<S>
): Signature<InOf<S[0]>, OutOf<Last<S>>, StartOf<S[0]>> {
  return chainOf(steps);
}

/** The same for a list whose length the compiler does not know, such as a hundred steps made in a loop. */
export function chainOf<I, R, B extends boolean>(steps: readonly AnySignature[]): Signature<I, R, B> {
  if (steps.length === 0) throw new InvalidOptionError('chain', 'at least one step', 'none');
  return new Signature(
    { kind: 'chain', steps: steps.map(({ step }) => step), ...NOTHING_FOLLOWS },
    launcherOf(steps),
  );
}

/** Side by side. The result is the list of theirs, in this order. */
export function group<S extends AnySignature>(steps: readonly S[]): Group<InOf<S>, OutOf<S>[], StartOf<S>>;
export function group<const S extends readonly AnySignature[]>(
  ...steps: S
): Group<InOfAll<S>, { -readonly [K in keyof S]: OutOf<S[K]> }, StartOf<S[number]>>;
export function group(
  ...given: readonly AnySignature[] | readonly [readonly AnySignature[]]
): Group<unknown, never, never> {
  const steps = (Array.isArray(given[0]) ? given[0] : given) as AnySignature[];
  return new Group(
    { kind: 'group', steps: steps.map(({ step }) => step), allowFailures: false, ...NOTHING_FOLLOWS },
    launcherOf(steps),
  );
}

/**
 * A group and a body that gets the list of its results. With one step of the group failed the body fails with the
 * cause, unless the group says `allowFailures()`. An empty group gives the body `[]`.
 */
export function chord<I, R extends readonly unknown[], B extends boolean, Body extends AnySignature>(
  header: Group<I, R, B>,
  body: Body &
    ([R] extends [InOf<Body>]
      ? unknown
      : Mismatch<'the body does not accept the list of results', R, InOf<Body>>),
): Signature<I, OutOf<Body>, B> {
  return chainOf([header, body]);
}

interface After<Names extends string> {
  /** Which must have ended. One name hands over its result; a list hands over an object of results, by name. */
  after?: Names | readonly Names[] | undefined;
  /** Goes on when one of them has failed: its result is null. Default false. */
  allowFailures?: boolean | undefined;
}

/** What a step gets of those that it comes after. */
type Given<Known, A> = A extends readonly (infer N extends keyof Known)[]
  ? { [K in N]: Known[K] }
  : A extends keyof Known
    ? Known[A]
    : unknown;
type NamesOf<A> = A extends readonly (infer N)[] ? N : A;

/** Named tasks with any dependencies. The result is an object of the results of those that nothing comes after. */
export class Workflow<Known extends object, Ends extends keyof Known> extends Signature<
  unknown,
  { [K in Ends]: Known[K] },
  true
> {
  /**
   * Adds a step.
   * @param name by which later steps name it
   * @throws InvalidOptionError when the name is taken, or `after` names one that is not there yet
   */
  task<
    const N extends string,
    S extends AnySignature,
    const A extends (keyof Known & string) | readonly (keyof Known & string)[] | undefined = undefined,
  >(
    name: N,
    signature: S & (A extends undefined ? Signature<never, unknown, true> : Fits<S, Given<Known, A>>),
    options: After<keyof Known & string> & { after?: A } = {},
  ): Workflow<Known & Record<N, OutOf<S>>, Exclude<Ends, NamesOf<A>> | N> {
    const steps = new Map(this.step.kind === 'graph' ? this.step.steps : []);
    if (steps.has(name)) throw new InvalidOptionError(`workflow.${name}`, 'a name that is not taken', name);
    const { after, allowFailures = false } = options;
    steps.set(name, { step: signature.step, after, allowFailures });
    return new Workflow(
      { kind: 'graph', steps, ...NOTHING_FOLLOWS } satisfies Step,
      this.launcher ?? signature.launcher,
    );
  }
}

type Fits<S, G> = [G] extends [InOf<S>] ? unknown : Mismatch<'what it comes after does not fit', G, InOf<S>>;

/** Begins a graph: `workflow().task('a', …).task('b', …, { after: 'a' })`. */
export function workflow(): Workflow<object, never> {
  return new Workflow({ kind: 'graph', steps: new Map(), ...NOTHING_FOLLOWS }, undefined);
}
