import type { Sample } from './sample.js';

interface Line {
  readonly title: string;
  readonly colour: string;
  value(sample: Sample): number;
}

const WIDTH = 720;
const HEIGHT = 150;
const LEFT = 60;
const RIGHT = 150;
const GAP = 46;
const COLOURS = ['#2563eb', '#d97706', '#059669', '#7c3aed'] as const;

const line = (i: number, title: string, value: (sample: Sample) => number): Line => {
  return { title, colour: COLOURS[i]!, value };
};

const PANELS: readonly { title: string; lines: readonly Line[] }[] = [
  {
    title: 'from submission to end, ms',
    lines: [line(0, 'p50', (sample) => sample.p50Ms), line(1, 'p95', (sample) => sample.p95Ms)],
  },
  {
    title: 'tables with indexes, MiB',
    lines: [
      line(0, 'live', (sample) => sample.liveMiB),
      line(1, 'finished', (sample) => sample.doneMiB),
      line(2, 'others', (sample) => sample.otherMiB),
    ],
  },
  {
    title: 'memory (RSS), MiB',
    lines: ['producer', 'worker 1', 'worker 2'].map((title, i) =>
      line(i, title, (sample) => sample.rssMiB[i]!),
    ),
  },
  {
    title: 'tasks',
    lines: [
      line(0, 'ended in a second', (sample) => sample.perSecond),
      line(1, 'not ended', (sample) => sample.backlog),
    ],
  },
];

/** A panel below another, over the minutes of the run: an SVG on a white ground. */
export function plot(samples: readonly Sample[], title: string): string {
  const minutes = samples.at(-1)!.minute;
  const x = (minute: number) => LEFT + (minute / minutes) * (WIDTH - LEFT - RIGHT);
  const panels = PANELS.map((panel, i) => {
    const top = 40 + i * (HEIGHT + GAP);
    const most = Math.max(1, ...samples.flatMap((sample) => panel.lines.map((each) => each.value(sample))));
    const ceiling = roundUp(most);
    const y = (value: number) => top + HEIGHT - (value / ceiling) * HEIGHT;
    const grid = [0, 0.5, 1].map((share) => {
      const at = y(ceiling * share);
      return `<path d="M${LEFT} ${at}H${WIDTH - RIGHT}" stroke="#d4d4d8"/>${text(LEFT - 6, at + 4, (ceiling * share).toLocaleString('en-US'), 'end')}`;
    });
    const drawn = panel.lines.map((each, j) => {
      const points = samples.map(
        (sample) => `${x(sample.minute).toFixed(1)},${y(each.value(sample)).toFixed(1)}`,
      );
      return `<polyline points="${points.join(' ')}" fill="none" stroke="${each.colour}" stroke-width="1.5"/>${text(WIDTH - RIGHT + 10, top + 12 + j * 16, each.title, 'start', each.colour)}`;
    });
    return [text(LEFT, top - 8, panel.title, 'start', '#18181b'), ...grid, ...drawn].join('\n');
  });
  const height = 40 + PANELS.length * (HEIGHT + GAP);
  const axis = [0, 0.5, 1].map((share) =>
    text(x(minutes * share), height - GAP + 18, `${(minutes * share).toFixed(0)} min`, 'middle'),
  );
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" font-family="sans-serif" font-size="12">
<title>${title}</title><rect width="100%" height="100%" fill="#fff"/>
${[...panels, ...axis].join('\n')}
</svg>
`;
}

function text(x: number, y: number, content: string, anchor: string, colour = '#52525b'): string {
  return `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" text-anchor="${anchor}" fill="${colour}">${content}</text>`;
}

/** 1, 2 or 5 times a power of ten. */
function roundUp(value: number): number {
  const power = 10 ** Math.floor(Math.log10(value));
  return power * [1, 2, 5, 10].find((times) => times * power >= value)!;
}
