import { describe, expect, it } from '@jest/globals';
import { LiveTasks } from '#dist/tasks/http/live-tasks.js';
import { until } from '../support/until.js';

type Note = (ids: readonly string[] | undefined) => void;

/** The live tasks of a service of which the test says what changes. */
function create(briefly: (ids: readonly string[]) => Promise<never[]> = async () => []) {
  const notes = new Set<Note>();
  const tasks = {
    watch: (note: Note) => {
      notes.add(note);
      return () => notes.delete(note);
    },
    briefly,
  };
  const live = new LiveTasks(tasks as never, { covered: (item: unknown) => item } as never);
  return { live, notes, change: () => notes.forEach((note) => note(['1'])) };
}

describe('what changes, once the application closes', () => {
  it('ends for who listens, and at once for who comes', () => {
    const { live, notes } = create();
    const ended: string[] = [];
    const stop = live.listen(
      () => undefined,
      () => ended.push('early'),
    );
    live.onModuleDestroy();
    stop();
    live.listen(
      () => undefined,
      () => ended.push('late'),
    )();
    expect(ended).toEqual(['early', 'late']);
    expect(notes.size).toBe(0);
  });

  it('is not read any more, also when that was going on', async () => {
    let reads = 0;
    let fail = () => {};
    const { live, change } = create(() => {
      reads++;
      return new Promise((_resolve, reject) => (fail = () => reject(new Error('away'))));
    });
    live.listen(
      () => undefined,
      () => undefined,
    );
    change();
    await until('it reads', () => reads === 1);
    live.onModuleDestroy();
    // what was not read is otherwise told of again
    fail();
    await new Promise((resolve) => setTimeout(resolve, 600));
    change();
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(reads).toBe(1);
  });
});
