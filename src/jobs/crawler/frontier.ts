const MOST_KNOWN = 20_000;
const MOST_LISTED = 10;

export interface Visit {
  readonly url: string;
  readonly depth: number;
}

export interface Linking {
  readonly from: string[];
  count: number;
}

/** The pages that are known, those that wait for a visit, and who links to them. Each page is visited once. */
export class Frontier {
  private readonly known = new Set<string>();
  private readonly waiting: Visit[] = [];
  private readonly linking = new Map<string, Linking>();
  private next = 0;
  private refused = 0;
  private forgotten = 0;

  constructor(private readonly allows: (url: string) => boolean) {}

  /** Visits are breadth first, because the shallower pages are found first. */
  add(url: string, depth: number): void {
    if (this.known.has(url)) return;
    if (this.known.size >= MOST_KNOWN) {
      this.forgotten++;
      return;
    }
    this.known.add(url);
    if (this.allows(url)) this.waiting.push({ url, depth });
    else this.refused++;
  }

  addLink(from: string, to: string): void {
    if (!this.known.has(to)) return;
    let entry = this.linking.get(to);
    if (!entry) this.linking.set(to, (entry = { from: [], count: 0 }));
    if (entry.from.length < MOST_LISTED) entry.from.push(from);
    entry.count++;
  }

  linksTo(url: string): Linking | undefined {
    return this.linking.get(url);
  }

  take(): Visit | undefined {
    return this.waiting[this.next++];
  }

  /** Pages that were found and may be visited, those that were included. */
  get found(): number {
    return this.waiting.length;
  }

  get disallowed(): number {
    return this.refused;
  }

  /** Links to pages that were not even noted, because there are so many. */
  get unnoted(): number {
    return this.forgotten;
  }
}
