/** More keys than this are asked anew. */
const MAX_KEYS = 1000;

/** Answers that may be some time old. */
export class Remembered<T> {
  private readonly answers = new Map<string, { readonly until: number; readonly answer: Promise<T> }>();

  constructor(private readonly forMs: number) {}

  ask(key: string, find: () => Promise<T>): Promise<T> {
    const known = this.answers.get(key);
    if (known && known.until > Date.now()) return known.answer;
    if (this.answers.size >= MAX_KEYS) this.answers.clear();
    const answer = find();
    this.answers.set(key, { until: Date.now() + this.forMs, answer });
    answer.catch(() => this.answers.delete(key));
    return answer;
  }
}
