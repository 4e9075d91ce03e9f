import { widthOf, type Paint } from './paint.js';

export interface Column {
  readonly title: string;
  readonly align?: 'left' | 'right';
  /** Shortened when the table is wider than the terminal. Default false. */
  readonly shrinks?: boolean;
}

const GAP = 2;
const LEAST = 8;

/** Lines of columns beneath their titles, no wider than the terminal as far as that can be. */
export function table(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  { columns: width, paint }: { columns: number; paint: Paint },
): string {
  const widths = columns.map(({ title }, i) =>
    Math.max(title.length, ...rows.map((row) => widthOf(row[i] ?? ''))),
  );
  shrink(columns, widths, width);
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, i) => fit(cell, widths[i]!, columns[i]!.align === 'right'))
      .join(' '.repeat(GAP))
      .trimEnd();
  const titles = paint('bold', line(columns.map(({ title }) => title)));
  return [titles, ...rows.map(line)].map((text) => `${text}\n`).join('');
}

/** The widest of those that may shrink gives way, again and again. */
function shrink(columns: readonly Column[], widths: number[], width: number): void {
  const total = () => widths.reduce((sum, each) => sum + each, GAP * (widths.length - 1));
  while (total() > width) {
    const widest = columns
      .map(({ shrinks }, i) => (shrinks && widths[i]! > LEAST ? i : -1))
      .filter((i) => i >= 0)
      .sort((a, b) => widths[b]! - widths[a]!)[0];
    if (widest === undefined) return;
    widths[widest]!--;
  }
}

function fit(cell: string, width: number, right: boolean): string {
  const length = widthOf(cell);
  if (length > width) return `${cell.slice(0, width - 1)}…`;
  const space = ' '.repeat(width - length);
  return right ? space + cell : cell + space;
}
