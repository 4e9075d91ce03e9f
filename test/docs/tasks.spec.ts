import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';
import { SETTING_NAMES } from '#dist/tasks/definition/task-settings.js';
import { TASK_EVENTS } from '#dist/tasks/events/task-events.js';

describe('docs/tasks.md', () => {
  it('names every setting and every event', async () => {
    const text = await readFile(fileURLToPath(new URL('../../docs/tasks.md', import.meta.url)), 'utf8');
    for (const name of [...SETTING_NAMES, ...TASK_EVENTS]) expect(text).toContain(`\`${name}\``);
  });
});
