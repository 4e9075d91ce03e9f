import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { SPEC_FIELDS } from '#dist/tasks/schedule/schedule-spec.js';
import { createDatabase, type TestDatabase } from '../support/database.js';
import { codeBlocks, runProgram } from '../support/doc-code.js';

describe('docs/schedules.md', () => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await createDatabase();
  });
  afterAll(() => database.drop());

  it('names every option', async () => {
    const text = await readFile(fileURLToPath(new URL('../../docs/schedules.md', import.meta.url)), 'utf8');
    for (const field of SPEC_FIELDS) if (field !== 'task') expect(text).toContain(`\`${field}\``);
  });

  it('has a program that prints what it says', async () => {
    const [program, output] = await codeBlocks('schedules.md', 'service');
    expect(await runProgram(program!, { DATABASE_URL: database.url })).toBe(output);
  });
});
