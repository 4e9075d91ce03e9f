/** How many tasks a worker runs at once. */
export class Slots {
  private taken = 0;
  private waiters: (() => void)[] = [];

  /** @param count a function where it follows another number */
  constructor(private count: number | (() => number)) {}

  get size(): number {
    return typeof this.count === 'number' ? this.count : this.count();
  }

  /** With fewer, what runs goes on, and nothing is taken until there is room again. */
  resize(size: number): void {
    this.count = size;
    if (this.free > 0) for (const wake of this.waiters.splice(0)) wake();
  }

  get free(): number {
    return Math.max(0, this.size - this.taken);
  }

  get busy(): number {
    return this.taken;
  }

  take(): void {
    this.taken++;
  }

  release(): void {
    this.taken--;
    if (this.free > 0) for (const wake of this.waiters.splice(0)) wake();
  }

  /** Resolves when a slot is free. */
  async available(): Promise<void> {
    while (this.free === 0) await new Promise<void>((resolve) => this.waiters.push(resolve));
  }

  /** Resolves when none is taken. */
  async allFree(): Promise<void> {
    while (this.taken > 0) await new Promise<void>((resolve) => this.waiters.push(resolve));
  }
}
