import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { confirm } from '#dist/tasks/cli/terminal/confirm.js';
import { createScratchFolder, type ScratchFolder } from '../support/scratch-folder.js';

const bin = fileURLToPath(new URL('../../dist/tasks/cli/celeriac.js', import.meta.url));

describe('the process of celeriac', () => {
  let folder: ScratchFolder;
  beforeAll(async () => {
    folder = await createScratchFolder('cli');
  });
  afterAll(() => folder.remove());

  /** Runs a line of bash in which `$0` is Node and `$1` is celeriac. */
  function bash(line: string): Promise<{ code: unknown; out: string; err: string }> {
    const { PATH, HOME } = process.env;
    const options = { cwd: folder.path, env: { PATH, HOME }, timeout: 60_000 };
    return new Promise((resolve) => {
      execFile('bash', ['-o', 'pipefail', '-c', line, process.execPath, bin], options, (error, out, err) =>
        resolve({ code: error === null ? 0 : (error.code ?? error.signal), out, err }),
      );
    });
  }

  it('ends quietly when nobody reads on', async () => {
    expect(await bash('"$0" "$1" --help | true')).toEqual({ code: 0, out: '', err: '' });
  });

  it('ends with a worker that cannot start, whatever that one has opened, as if it had been started itself', async () => {
    await writeFile(
      join(folder.path, 'worker.mjs'),
      `setInterval(() => undefined, 1000); throw Object.assign(new Error('no database'), { code: 'ECONNREFUSED' });`,
    );
    expect(await bash('exec "$0" "$1" worker -A worker.mjs')).toEqual({
      code: 1,
      out: '',
      err: expect.stringMatching(/Error: no database\n +at .*worker\.mjs/),
    });
  });

  it('knows a user without a name, as in a container, by the number', async () => {
    const nameless = () => {
      throw new Error('ENOENT: uv_os_get_passwd');
    };
    jest.unstable_mockModule('node:os', () => ({ hostname, userInfo: nameless }));
    const { processIo } = await import('#dist/tasks/cli/terminal/io.js');
    expect(processIo().user).toBe(`user-${process.getuid!()}@${hostname()}`);
  });

  it.each([
    ['y\r', true],
    ['Yes\r', true],
    ['\r', false],
    ['nay\r', false],
    ['\u0003', false],
    ['\u0004', false],
  ])('takes the answer %j to a question for %p', async (keys, yes) => {
    const [input, output] = [new PassThrough(), new PassThrough()];
    const asked = confirm('Revoke 2 tasks?', { input, output, signal: new AbortController().signal });
    input.write(keys);
    expect(await asked).toBe(yes);
    expect(String(output.read())).toContain('Revoke 2 tasks? [y/N] ');
  });
});
