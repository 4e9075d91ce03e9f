import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';
import { Registry } from 'prom-client';
import { MetricsExporter } from '#dist/tasks/observability/metrics/metrics-exporter.js';
import { codeBlocks, createProjectFolder } from '../support/doc-code.js';
import { metricNames } from '../support/prometheus-text.js';

const read = (path: string) => readFile(fileURLToPath(new URL(`../../${path}`, import.meta.url)), 'utf8');

/** Every metric that there is. */
async function metrics(): Promise<string[]> {
  const exporter = new MetricsExporter(new Registry(), {
    tallies: () => [],
    takeLag: () => 0,
    slots: () => undefined,
    broker: () => undefined,
    database: async () => undefined,
  });
  return metricNames(await exporter.text());
}

/** The metrics in texts of queries, without what histograms add to their names. */
const named = (text: string) => [
  ...new Set(text.match(/\bceleriac_[a-z_]+/g)?.map((name) => name.replace(/_(bucket|sum|count)$/, ''))),
];

describe('docs/observability.md', () => {
  it('has a set-up of tracing that Node runs as it is', async () => {
    const [tracing] = await codeBlocks('observability.md', 'tracing');
    const folder = await createProjectFolder();
    try {
      // it is JavaScript as well
      await import(await folder.write('tracing.mjs', tracing!));
    } finally {
      await folder.remove();
      const { context, propagation, trace } = await import('@opentelemetry/api');
      for (const api of [context, propagation, trace]) api.disable();
    }
  });

  it('names every metric, and none that there is not', async () => {
    expect(named(await read('docs/observability.md')).sort()).toEqual((await metrics()).sort());
  });
});

describe('grafana/celeriac.json', () => {
  interface Dashboard {
    panels: { id: number; title: string; type: string; targets?: { expr: string }[] }[];
    templating: { list: { name: string }[] };
  }
  const load = async () => JSON.parse(await read('grafana/celeriac.json')) as Dashboard;

  it('asks for metrics that there are, and only for them', async () => {
    const known = await metrics();
    const { panels } = await load();
    for (const { title, type, targets = [] } of panels) {
      if (type !== 'row') expect(`${title}: ${targets.length > 0}`).toBe(`${title}: true`);
      for (const { expr } of targets) {
        expect(named(expr).length).toBeGreaterThan(0);
        for (const name of named(expr)) expect(known).toContain(name);
      }
    }
  });

  it('uses variables that it has', async () => {
    const { panels, templating } = await load();
    const variables = templating.list.map(({ name }) => name);
    expect(variables).toEqual(['datasource', 'task', 'queue']);
    const used = panels.flatMap(({ targets = [] }) =>
      targets.flatMap(({ expr }) => expr.match(/\$(\w+)/g) ?? []),
    );
    for (const variable of used) expect([...variables, '__rate_interval']).toContain(variable.slice(1));
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
  });
});
