export interface Sample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** The samples of a metric in what Prometheus scrapes. */
export function samplesOf(text: string, name: string): Sample[] {
  return text.split('\n').flatMap((line) => {
    const [, found, labels = '', value] = /^([a-z_]+)(?:\{(.*)\})? (\S+)$/.exec(line) ?? [];
    if (found !== name) return [];
    const pairs = [...labels.matchAll(/(\w+)="([^"]*)"/g)].map(([, label, is]) => [label, is] as const);
    return [{ labels: Object.fromEntries(pairs), value: Number(value) }];
  });
}

/** The value with exactly these labels; undefined when there is none. */
export function sampleOf(text: string, name: string, labels: Sample['labels']): number | undefined {
  const same = (others: Sample['labels']) =>
    Object.keys(others).length === Object.keys(labels).length &&
    Object.entries(labels).every(([label, value]) => others[label] === value);
  return samplesOf(text, name).find((sample) => same(sample.labels))?.value;
}

/** The names that it says something of, with or without values. */
export function metricNames(text: string): string[] {
  return [...text.matchAll(/^# TYPE (\w+) /gm)].map((match) => match[1]!);
}
