import { expect, it } from '@jest/globals';
import { InvalidOptionError, chain, chainOf, chord, group, workflow } from '#dist/tasks/index.js';
import { until } from '../../support/until.js';
import { application, broken, called, closeGate, refs, soon, workflows } from './flow-tasks.js';

/** What each shape does. */
export function shapes(): void {
  it('hands the result of each step of a chain to the next one', async () => {
    const handle = await chain(refs.add.s(2, 2), refs.add.s(4), refs.text.s()).delay();
    expect(await handle.get(soon)).toBe('8');
  });

  it('hands nothing to an immutable step, which waits all the same', async () => {
    const handle = await chain(refs.note.s('first'), refs.add.si(4, 5), refs.add.s(1)).delay();
    expect(await handle.get(soon)).toBe(10);
    expect(called('note')).toEqual(['first']);
  });

  it('gives the results of a group in its order', async () => {
    const handle = await group([5, 3, 9].map((n) => refs.add.s(n, 1))).delay();
    expect(await handle.get(soon)).toEqual([6, 4, 10]);
    expect(
      await group([])
        .applyAsync()
        .catch((error: Error) => error),
    ).toBeInstanceOf(InvalidOptionError);
    expect(await (await workflows().launch(group([]))).get(soon)).toEqual([]);
  });

  it('runs the body of a chord once, with the results of its header in order', async () => {
    const header = group([1, 2, 3].map((n) => refs.add.s(n, n)));
    expect(await (await chord(header, refs.sum.s()).delay()).get(soon)).toBe(12);
    const empty = chord(group([] as ReturnType<typeof refs.add.si>[]), refs.sum.s());
    expect(await (await workflows().launch(empty)).get(soon)).toBe(0);
  });

  it('waits behind an empty group for what comes before the group, and fails with it', async () => {
    const none = group([] as ReturnType<typeof refs.add.si>[]);
    expect(await (await chain(refs.add.s(1, 1), none, refs.text.s()).delay()).get(soon)).toBe('[]');
    broken.add('before nothing');
    const failed = await chain(refs.fragile.s('before nothing'), none, refs.text.s()).delay();
    await expect(failed.get(soon)).rejects.toMatchObject({ error: { name: 'UpstreamFailedError' } });
  });

  it('nests groups, chains and chords in any way', async () => {
    const nested = chain(
      refs.add.s(1, 1),
      group(refs.add.s(10), chain(refs.add.s(20), group(refs.add.s(1), refs.add.s(2)))),
      refs.text.s(),
    );
    expect(await (await nested.delay()).get(soon)).toBe('[12,[23,24]]');
    const manyToMany = chain(
      group(refs.add.s(1, 1), refs.add.s(2, 2)),
      group(refs.sum.s(), refs.text.s()),
      refs.text.s(),
    );
    expect(await (await manyToMany.delay()).get(soon)).toBe('[6,"[2,4]"]');
  });

  it('runs a graph, and hands results over by name', async () => {
    const handle = await workflow()
      .task('a', refs.add.s(1, 2))
      .task('b', refs.add.s(10), { after: 'a' })
      .task('c', refs.text.s(), { after: ['a', 'b'] })
      .task('d', refs.note.si('d'), { after: 'b' })
      .delay();
    expect(await handle.get(soon)).toEqual({ c: '{"a":3,"b":13}', d: 'd' });
  });

  it('runs one task for many items, and slices of them side by side', async () => {
    expect(await (await refs.text.map([1, 'x']).delay()).get(soon)).toEqual(['1', '"x"']);
    const items: [number, number][] = [
      [1, 1],
      [2, 2],
      [3, 3],
    ];
    expect(await (await refs.add.starmap(items).delay()).get(soon)).toEqual([2, 4, 6]);
    expect(await (await refs.add.chunks(items, 2).delay()).get(soon)).toEqual([[2, 4], [6]]);
  });

  it('begins the countdown of a step when the step before it has ended', async () => {
    const handle = await chain(refs.note.s(1), refs.note.s().set({ countdown: 4000 })).delay();
    const [first, second] = (await handle.graph()).nodes;
    await until('the first has ended', async () => (await handle.progress()).succeeded === 1);
    await expect(application.tasks.forget(first!.id)).rejects.toThrow(/while its workflow goes on/);
    await handle.get(soon);
    const [a, b] = await Promise.all([first!, second!].map(({ id }) => application.tasks.record(id)));
    expect(Date.parse(b!.startedAt!) - Date.parse(a!.finishedAt!)).toBeGreaterThanOrEqual(3999);
  });

  it('keeps a result that a callback waits for, also when the workflow itself has ended', async () => {
    const open = closeGate();
    const handle = await chain(refs.add.s(1, 1), refs.add.s(1)).link(refs.held.s()).delay();
    expect(await handle.get(soon)).toBe(3);
    await expect(application.tasks.forget(handle.id)).rejects.toThrow(/while its workflow goes on/);
    open();
    await until('the callback has ended', async () => (await handle.progress()).succeeded === 3);
    await application.tasks.forget(handle.id);
  });

  it('tells each task where it belongs, and tells of the graph with its states', async () => {
    const handle = await chain(group(refs.where.s(), refs.where.s()), refs.text.s()).delay();
    const places = JSON.parse(await handle.get(soon)) as { groupId: string; workflowId: string }[];
    expect(places[0]).toEqual({ groupId: expect.any(String), workflowId: handle.id });
    expect(places[1]).toEqual(places[0]);
    const graph = await workflows().get((await handle.graph()).nodes[0]!.id);
    expect(graph).toMatchObject({ id: handle.id, state: 'SUCCESS', truncated: false });
    expect(graph.nodes.map(({ name, state }) => `${name} ${state}`)).toEqual([
      'flow.where SUCCESS',
      'flow.where SUCCESS',
      'flow.text SUCCESS',
    ]);
    expect(graph.edges).toEqual([
      { from: graph.nodes[0]!.id, to: handle.id, kind: 'result' },
      { from: graph.nodes[1]!.id, to: handle.id, kind: 'result' },
    ]);
    const { items } = await workflows().list();
    expect(items[0]!.id).toBe(handle.id);
  });

  it('releases thousands that wait for one, and joins them again', async () => {
    const many = Array.from({ length: 2500 }, (_, i) => refs.add.s(i));
    const handle = await chain(refs.add.s(1, 0), group(many), refs.sum.s()).delay();
    expect(await handle.get({ timeout: '60s' })).toBe(2500 + (2499 * 2500) / 2);
  });

  it('runs a chain of a thousand', async () => {
    const steps = Array.from({ length: 999 }, () => refs.add.s(1));
    const handle = await chainOf<never, number, true>([refs.add.s(0, 1), ...steps]).delay();
    expect(await handle.get({ timeout: '60s' })).toBe(1000);
  });
}
