import { NO_CASCADE, cascadeOf, isWide, type Cascade } from './cascading.js';
import type { Database, Statement } from './database.js';
import type { CascadeRow } from './statements/cascade.js';
import { finishValues, type Ending, type FinishedRow } from './statements/finish.js';

type Statements = Record<'finish' | 'finishExpiring' | 'cascade', Statement>;

/** Ends tasks and acts on what waits for them: one transaction, one round trip. */
export async function finishAll(
  database: Database,
  { finish, finishExpiring, cascade }: Statements,
  endings: readonly Ending[],
): Promise<{ rows: FinishedRow[]; cascade: Cascade }> {
  const statement = endings.some((ending) => ending.expires) ? finishExpiring : finish;
  const values = finishValues(endings);
  const awaited = endings.filter((ending) => ending.awaited).map(({ id }) => id);
  if (awaited.length === 0)
    return { rows: await database.run<FinishedRow>(statement, values), cascade: NO_CASCADE };

  const answers = await database.together([
    [statement, values],
    [cascade, [awaited]],
  ]);
  const [rows, effects] = answers as [FinishedRow[], CascadeRow[]];
  return { rows, cascade: cascadeOf(effects, isWide(rows)) };
}
