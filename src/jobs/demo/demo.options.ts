export const DEMO_OPTIONS = Symbol('demo:options');

export interface DemoOptions {
  /** The file that `demo.append` appends to. */
  readonly ledger?: string | undefined;
}
