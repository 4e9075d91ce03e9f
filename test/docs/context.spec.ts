import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createDatabase, type TestDatabase } from '../support/database.js';
import { codeBlocks, runProgram } from '../support/doc-code.js';

describe('docs/context.md', () => {
  let database: TestDatabase;

  beforeAll(async () => {
    database = await createDatabase();
  });
  afterAll(() => database.drop());

  it('joins nestjs-cls as it says', async () => {
    const [program] = await codeBlocks('context.md', 'cls');
    expect(await runProgram(program!, { DATABASE_URL: database.url })).toBe('report for blue, request r-1\n');
  });
});
