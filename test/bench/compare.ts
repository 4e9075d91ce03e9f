import { cpus, totalmem } from 'node:os';

/** BENCH_PAIRS, BENCH_TASKS and BENCH_ROWS make it shorter; BENCH names the parts to run (database,redis,flows,group,amqp,celery,memory,schedules,pools,counting). */
export const settings = {
  pairs: Number(process.env.BENCH_PAIRS ?? 5),
  count: Number(process.env.BENCH_TASKS ?? 40_000),
  rows: Number(process.env.BENCH_ROWS ?? 1_000_000),
  parts: (process.env.BENCH ?? 'database,redis,flows,amqp,celery').split(','),
};

/** One measurement: operations a second, and what else is worth telling. */
export interface Sample {
  readonly rate: number;
  readonly note?: string | undefined;
}

export interface Side {
  readonly title: string;
  readonly measure: () => Promise<Sample>;
}

/** Alternates between two sides, after one round that does not count. @returns our median */
export async function compare(
  title: string,
  ours: Side,
  other: Side,
  options: { bar?: number | undefined; pairs?: number | undefined } = {},
): Promise<number> {
  const { bar, pairs = settings.pairs } = options;
  const a: Sample[] = [];
  const b: Sample[] = [];
  for (let i = -1; i < pairs; i++) {
    const x = await ours.measure();
    const y = await other.measure();
    if (i < 0) continue;
    a.push(x);
    b.push(y);
  }
  const ratios = a.map((x, i) => x.rate / b[i]!.rate);
  const rates = (samples: readonly Sample[]) => median(samples.map((sample) => sample.rate));
  const note = (samples: readonly Sample[]) => (samples.at(-1)!.note ? ` (${samples.at(-1)!.note})` : '');
  const all = ratios.map((ratio) => ratio.toFixed(2)).join(' ');
  console.log(
    `${title}\n  ${ours.title}: ${n(rates(a))}/s${note(a)}\n  ${other.title}: ${n(rates(b))}/s${note(b)}\n` +
      `  ratio ${median(ratios).toFixed(2)} (${bar === undefined ? '' : `bar ${bar}; `}${all})\n`,
  );
  return rates(a);
}

export function printMachine(): void {
  console.log(
    `node ${process.version}, ${cpus().length} × ${cpus()[0]?.model}, ${n(totalmem() / 2 ** 30)} GiB; ` +
      `medians of ${settings.pairs} pairs of ${n(settings.count)} tasks\n`,
  );
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

export function percentile(values: readonly number[], p: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor((p / 100) * sorted.length))]!;
}

export const n = (value: number, digits = 0) =>
  value.toLocaleString('en-US', { maximumFractionDigits: digits });
