import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ApplicationProcess } from '../support/application-process.js';
import { createDatabase, type TestDatabase } from '../support/database.js';
import { createScratchFolder, type ScratchFolder } from '../support/scratch-folder.js';

const docs = await readFile(fileURLToPath(new URL('../../docs/http.md', import.meta.url)), 'utf8');

/** The blocks of a kind, as they are pasted. */
const blocksOf = (kind: string) =>
  [...docs.matchAll(new RegExp(`\`\`\`${kind}\n([^]*?)\`\`\``, 'g'))].map((match) => match[1]!);

describe('the curl lines of docs/http.md', () => {
  let folder: ScratchFolder;
  let database: TestDatabase;

  beforeAll(async () => {
    folder = await createScratchFolder('http-docs');
    database = await createDatabase();
  });
  afterAll(async () => {
    await database.drop();
    await folder.remove();
  });

  /** What each block answers. */
  async function run(blocks: readonly string[], environment: NodeJS.ProcessEnv = {}): Promise<string[]> {
    const application = new ApplicationProcess('main', {
      cwd: folder.path,
      environment: { DATABASE_URL: database.url, ...environment },
    });
    try {
      const { host } = new URL(await application.url());
      const answers: string[] = [];
      for (const block of blocks) {
        const script = block.replaceAll('localhost:3000', host);
        const { stdout } = await promisify(execFile)('bash', ['-euo', 'pipefail', '-c', script]);
        answers.push(stdout);
      }
      return answers;
    } finally {
      await application.terminate();
    }
  }

  it('answer what they promise when they are pasted', async () => {
    const answers = await run(blocksOf('sh tour'));
    expect(answers).toHaveLength(6);
    const [ask, once, bulk, live, operate, queues] = answers as [
      string,
      string,
      string,
      string,
      string,
      string,
    ];
    expect(ask).toMatch(/"state":"SUCCESS".*"result":5/);
    expect(once).toMatch(
      /"priority":9.*"tags":\{"user":"42"\}.*"statusCode":409,"code":"IDEMPOTENCY_CONFLICT"/,
    );
    expect(bulk).toMatch(
      /^\{"ids":\["[\da-f-]{36}","[\da-f-]{36}"\]\}.*"code":"ARG_TYPE".*"path":"tasks\[1\]\.args\[1\]"/,
    );
    expect(live).toMatch(/^event: state\nid: .*\ndata: /m);
    expect(live).toMatch(/event: state\nid: .*\ndata: .*"state":"SUCCESS".*\n\n$/);
    expect(operate).toMatch(/"items":\[.*"args":\[\{"order":17\}\].*"state":"REVOKED".*"state":"PENDING"/);
    expect(operate).toMatch(/"kind":"submitted".*"kind":"revoke".*"kind":"retry"/);
    expect(operate).toMatch(/"state":"SUCCESS"[^]*$/);
    expect(queues).toMatch(
      /"alive":true.*"pausedAt":"2.*\{"purged":\d+\}.*"pausedAt":null.*"name":"default".*"name":"math.add".*"args":\[.*\{"ended":\d+,"asked":0\}/,
    );
  });

  it('know keys where keys are asked for', async () => {
    const API_KEYS = /^API_KEYS=(\S+) npm start$/m.exec(docs)![1]!;
    const [answers] = await run(blocksOf('sh tour with keys'), { API_KEYS });
    const codes = answers!.match(/"(code|state|items)":("\w+")?/g);
    expect(codes).toEqual([
      '"code":"UNAUTHENTICATED"',
      '"state":"PENDING"',
      '"code":"FORBIDDEN"',
      '"items":',
    ]);
  });
});
