import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const RUNNING = process.versions.node.split('.')[0]!;

/**
 * The major versions of Node that the package is tried on: PACKAGE_NODES, such as `20,22,24`. Without it the one that
 * runs the tests.
 */
export const nodeVersions: readonly string[] = process.env.PACKAGE_NODES?.split(',') ?? [RUNNING];

/** Brings the versions from npm into a folder, where they are not running already. @returns the binary of a version */
export async function installNodes(folder: string): Promise<(version: string) => string> {
  const missing = nodeVersions.filter((version) => version !== RUNNING);
  if (missing.length > 0) {
    await writeFile(join(folder, 'package.json'), '{}');
    // what the package `node` installs by a script, which npm may not run
    const binaries = missing.map(
      (version) => `node-${version}@npm:node-${process.platform}-${process.arch}@${version}`,
    );
    await promisify(execFile)(
      'npm',
      ['install', '--no-audit', '--no-fund', '--prefer-offline', ...binaries],
      {
        cwd: folder,
      },
    );
  }
  return (version) =>
    version === RUNNING ? process.execPath : join(folder, 'node_modules', `node-${version}`, 'bin/node');
}
