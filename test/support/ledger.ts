import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** The file that `demo.append` writes its line to, fsynced: one line is one execution, whatever the records say. */
export class Ledger {
  private constructor(
    private readonly folder: string,
    readonly path: string,
  ) {}

  static async create(): Promise<Ledger> {
    const folder = await mkdtemp(join(tmpdir(), 'celeriac-ledger-'));
    const path = join(folder, 'ledger');
    await writeFile(path, '');
    return new Ledger(folder, path);
  }

  /** How often each line was written. */
  async counts(): Promise<Map<string, number>> {
    const counts = new Map<string, number>();
    for (const line of (await readFile(this.path, 'utf8')).split('\n'))
      if (line !== '') counts.set(line, (counts.get(line) ?? 0) + 1);
    return counts;
  }

  async remove(): Promise<void> {
    await rm(this.folder, { recursive: true, force: true });
  }
}
