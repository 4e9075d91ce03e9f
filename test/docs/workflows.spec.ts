import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createDatabase, type TestDatabase } from '../support/database.js';
import { codeBlocks, runProgram } from '../support/doc-code.js';

describe('docs/workflows.md', () => {
  let database: TestDatabase;

  beforeAll(async () => {
    database = await createDatabase();
  });
  afterAll(() => database.drop());

  it('runs a batch as a chord over its files, and it prints what is said', async () => {
    const [program] = await codeBlocks('workflows.md', 'flow');
    expect(await runProgram(program!, { DATABASE_URL: database.url })).toBe('6 words\n5 tasks\n');
  });
});
