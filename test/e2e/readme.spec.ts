import { execFile } from 'node:child_process';
import { copyFile, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ApplicationProcess } from '../support/application-process.js';
import { createDatabase, type TestDatabase } from '../support/database.js';
import { createScratchFolder, type ScratchFolder } from '../support/scratch-folder.js';

const README = fileURLToPath(new URL('../../README.md', import.meta.url));

describe('the tour of the README', () => {
  let folder: ScratchFolder;
  let database: TestDatabase;
  let application: ApplicationProcess;

  beforeAll(async () => {
    folder = await createScratchFolder('readme');
    database = await createDatabase();
    application = new ApplicationProcess('main', {
      cwd: folder.path,
      environment: { DATABASE_URL: database.url },
    });
    await copyFile(README, join(folder.path, 'README.md'));
  });
  afterAll(async () => {
    await application.terminate();
    await database.drop();
    await folder.remove();
  });

  it('works when it is pasted', async () => {
    const { host } = new URL(await application.url());
    const blocks = [...(await readFile(README, 'utf8')).matchAll(/```sh tour\n([^]*?)```/g)].map(
      (match) => match[1]!,
    );
    expect(blocks).toHaveLength(3);
    const answers: string[] = [];
    for (const block of blocks) {
      const script = block.replaceAll('localhost:3000', host);
      const { stdout } = await promisify(execFile)('bash', ['-euo', 'pipefail', '-c', script], {
        cwd: folder.path,
      });
      answers.push(stdout);
    }
    const [first, second, third] = answers as [string, string, string];
    expect(first).toContain('"name":"math.add"');
    expect(first).toMatch(/"name":"demo.progress".*"state":"SUCCESS"/s);
    expect(second).toMatch(/"state":"SUCCESS".*"result":3/s);
    const report = JSON.parse(third) as {
      state: string;
      result: { totals: unknown; files: { csv?: unknown }[] };
    };
    expect(report).toMatchObject({ state: 'SUCCESS', result: { totals: { files: 2, ok: 2, failed: 0 } } });
    expect(report.result.files[0]!.csv).toMatchObject({ badRowCount: 1 });
  });
});
