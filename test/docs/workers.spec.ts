import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { Command } from 'commander';
import { describe, expect, it } from '@jest/globals';
import { addWorkerFlags } from '#dist/tasks/execution/worker-flags.js';

describe('docs/workers.md', () => {
  it('names every option of the command line', async () => {
    const text = await readFile(fileURLToPath(new URL('../../docs/workers.md', import.meta.url)), 'utf8');
    for (const { short, long } of addWorkerFlags(new Command()).options)
      expect(text).toContain(`\`${short ?? long}`);
  });
});
