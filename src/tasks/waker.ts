/** A sleep that a signal ends, also one that came shortly before it. */
export class Waker {
  private woken = false;
  private resume: (() => void) | undefined;

  wake(): void {
    this.woken = true;
    this.resume?.();
  }

  /** What is signalled from here on ends the next sleep. */
  reset(): void {
    this.woken = false;
  }

  async sleep(ms: number): Promise<void> {
    if (this.woken) return;
    let timer: NodeJS.Timeout | undefined;
    await new Promise<void>((resolve) => {
      this.resume = resolve;
      timer = setTimeout(resolve, ms);
    });
    clearTimeout(timer);
    this.resume = undefined;
  }
}
