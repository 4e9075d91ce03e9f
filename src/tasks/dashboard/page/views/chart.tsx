import { useEffect, useRef, useState } from 'preact/hooks';
import uPlot from 'uplot';
import { count } from '../data/format';
import { colourOf, colours } from '../data/theme';
import type { Stats } from '../data/types';

const HEIGHT = 150;
const LINES = [
  { counter: 'submitted', title: 'Submitted', colour: '--muted', dash: [4, 3] },
  { counter: 'succeeded', title: 'Succeeded', colour: '--accent' },
  { counter: 'failed', title: 'Failed', colour: '--bad' },
  { counter: 'retried', title: 'Retried', colour: '--warn', dash: [2, 2] },
] as const;

/** Throughput and failures. The numbers under the pointer, or else the sums, stand in the legend. */
export function Chart({ stats }: { stats: Stats }) {
  const element = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | undefined>(undefined);
  const [index, setIndex] = useState<number | null>(null);
  const scheme = colours.value;
  const data = dataOf(stats);

  useEffect(() => {
    const made = new uPlot(
      optionsOf(element.current!.clientWidth, stats.stepSeconds, setIndex),
      data,
      element.current!,
    );
    plot.current = made;
    const observer = new ResizeObserver(([entry]) => {
      if (entry!.contentRect.width > 0)
        made.setSize({ width: Math.max(200, entry!.contentRect.width), height: HEIGHT });
    });
    observer.observe(element.current!);
    return () => {
      observer.disconnect();
      made.destroy();
    };
  }, [scheme, stats.stepSeconds]);
  useEffect(() => plot.current?.setData(data), [stats]);

  const shown = (counter: (typeof LINES)[number]['counter']) =>
    index === null ? stats.totals[counter] : (stats.series[index]?.[counter] ?? 0);
  const { submitted, succeeded, failed } = stats.totals;
  return (
    <section class="panel chart" aria-label="Throughput and failures">
      <h2>
        Throughput,{' '}
        {index === null ? stats.window : labelOf(Date.parse(stats.series[index]?.at ?? '') / 1000, 0)}
      </h2>
      <ul class="legend">
        {LINES.map(({ counter, title }) => (
          <li key={counter} class={`key-${counter}`}>
            {title} <strong>{count(shown(counter))}</strong>
          </li>
        ))}
      </ul>
      <div
        ref={element}
        role="img"
        aria-label={`In the last ${stats.window} ${submitted} tasks were submitted, ${succeeded} succeeded and ${failed} failed`}
      />
    </section>
  );
}

function dataOf({ series }: Stats): uPlot.AlignedData {
  return [
    series.map((point) => Date.parse(point.at) / 1000),
    ...LINES.map(({ counter }) => series.map((point) => point[counter])),
  ] as uPlot.AlignedData;
}

/** The time of the day; in long windows the day. */
function labelOf(seconds: number, stepSeconds: number): string {
  const date = new Date(seconds * 1000);
  const pad = (n: number) => String(n).padStart(2, '0');
  return stepSeconds < 3600
    ? `${pad(date.getHours())}:${pad(date.getMinutes())}`
    : date.toLocaleDateString(undefined, { month: 'short', day: 'numeric' });
}

function optionsOf(
  width: number,
  stepSeconds: number,
  onIndex: (index: number | null) => void,
): uPlot.Options {
  const axis = {
    stroke: colourOf('--muted'),
    grid: { stroke: colourOf('--line'), width: 1 },
    ticks: { show: false },
    font: '11px system-ui, sans-serif',
  };
  return {
    width: Math.max(200, width),
    height: HEIGHT,
    legend: { show: false },
    cursor: { y: false, points: { size: 6 } },
    hooks: { setCursor: [(plot) => onIndex(plot.cursor.idx ?? null)] },
    scales: { y: { range: (_plot, _min, max) => [0, Math.max(4, max * 1.1)] } },
    axes: [
      { ...axis, size: 28, values: (_plot, values) => values.map((value) => labelOf(value, stepSeconds)) },
      {
        ...axis,
        size: 44,
        values: (_plot, values) => values.map((value) => (value % 1 === 0 ? count(value) : '')),
      },
    ],
    series: [
      {},
      ...LINES.map((line) => ({
        label: line.title,
        stroke: colourOf(line.colour),
        width: 1.5,
        ...('dash' in line && { dash: [...line.dash] }),
        ...(line.counter === 'succeeded' && { fill: `${colourOf('--accent')}22` }),
        points: { show: false },
      })),
    ],
  };
}
