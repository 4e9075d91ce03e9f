import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';
import { STATISTICS_WINDOWS } from '#dist/tasks/observability/task-statistics.js';

describe('docs/dashboard.md', () => {
  it('names the windows of the statistics, and shows pictures that are there', async () => {
    const docs = fileURLToPath(new URL('../../docs/', import.meta.url));
    const text = await readFile(`${docs}dashboard.md`, 'utf8');
    expect(text).toContain(`(${STATISTICS_WINDOWS.join(', ')})`);
    const pictures = [...text.matchAll(/!\[[^\]]+\]\((images\/[\w-]+\.png)\)/g)].map((match) => match[1]!);
    expect(pictures.length).toBeGreaterThanOrEqual(2);
    for (const picture of pictures) expect((await readFile(docs + picture)).length).toBeGreaterThan(10_000);
  });
});
