/** A file that is made or changed. */
export interface Change {
  /** Relative to the project. */
  readonly path: string;
  /** undefined: it is new. */
  readonly before: string | undefined;
  readonly after: string;
}

type Line = readonly [mark: ' ' | '-' | '+', text: string];

const CONTEXT = 2;

/** Its lines as `diff -u` shows them, with what did not change around them. */
export function diffOf({ path, before, after }: Change): Line[] {
  const lines = compare(before?.split('\n') ?? [], after.split('\n'));
  const near = (i: number) =>
    lines.slice(Math.max(0, i - CONTEXT), i + CONTEXT + 1).some(([mark]) => mark !== ' ');
  return [
    ['-', `-- ${before === undefined ? '/dev/null' : path}`],
    ['+', `++ ${path}`],
    ...lines.filter((_, i) => near(i)),
  ];
}

/** By the longest common subsequence: the files are small. */
function compare(before: readonly string[], after: readonly string[]): Line[] {
  const lengths = Array.from({ length: before.length + 1 }, () =>
    Array.from({ length: after.length + 1 }, () => 0),
  );
  for (let i = before.length - 1; i >= 0; i--)
    for (let j = after.length - 1; j >= 0; j--)
      lengths[i]![j] =
        before[i] === after[j]
          ? lengths[i + 1]![j + 1]! + 1
          : Math.max(lengths[i + 1]![j]!, lengths[i]![j + 1]!);
  const lines: Line[] = [];
  let [i, j] = [0, 0];
  while (i < before.length || j < after.length) {
    if (i < before.length && before[i] === after[j]) {
      lines.push([' ', before[i++]!]);
      j++;
    } else if (j >= after.length || (i < before.length && lengths[i + 1]![j]! >= lengths[i]![j + 1]!))
      lines.push(['-', before[i++]!]);
    else lines.push(['+', after[j++]!]);
  }
  return lines;
}
