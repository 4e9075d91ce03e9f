import { expect, it } from '@jest/globals';
import {
  SignalConflictError,
  TaskFailedError,
  TaskStateError,
  chain,
  chord,
  group,
  waitForSignal,
} from '#dist/tasks/index.js';
import { until } from '../../support/until.js';
import { application, broken, called, closeGate, refs, soon, workflows } from './flow-tasks.js';

/** What a running task may do with its workflow. */
export function growth(): void {
  it('lets a running task add to its group, once, with the attempt that succeeds', async () => {
    const handle = await chord(group(refs.fanOut.s(3), refs.fanOut.s(0)), refs.text.s()).delay();
    expect(JSON.parse(await handle.get(soon))).toEqual(['parent', 'parent', 1, 2, 3]);
    await expect((await refs.fanOut.delay(1)).get(soon)).rejects.toThrow(/belongs to a group/);
  });

  it('lets a running task add to a group that has failed already, for when it is resumed', async () => {
    const open = closeGate();
    broken.add('a');
    const handle = await chord(group(refs.fragile.s('a'), refs.lateFanOut.s(2)), refs.text.s()).delay();
    await expect(handle.get(soon)).rejects.toBeInstanceOf(TaskFailedError);
    open();
    await until('the others are done', async () => (await handle.progress()).succeeded === 3);
    broken.clear();
    await handle.resume();
    expect(JSON.parse(await handle.get(soon))).toEqual(['a', 'late', 1, 2]);
  });

  it('adds nothing to the group of a task whose revocation was asked for', async () => {
    const open = closeGate();
    const handle = await chord(group(refs.add.s(1, 1), refs.lateFanOut.s(2)), refs.text.s()).delay();
    await until('it runs', async () => (await handle.progress()).started === 1);
    await handle.revoke();
    open();
    await until('all has ended', async () => (await handle.progress()).percent === 100);
    expect((await handle.progress()).total).toBe(3);
  });

  it('puts another workflow in the place of a running task', async () => {
    const handle = await chain(refs.factorial.s(5, 1), refs.add.s(1)).delay();
    expect(await handle.get(soon)).toBe(121);
    expect(await (await refs.factorial.delay(4, 1)).get(soon)).toBe(24);
  });

  it('waits for a signal without holding a slot, and runs on with its payload', async () => {
    const handle = await chain(refs.fragile.s('paper'), refs.approved.s(), refs.text.s()).delay();
    const waits = async () => (await handle.graph()).nodes[1]!;
    await until(
      'it waits',
      async () => (await waits()).state === 'WAITING' && called('approved').length === 1,
    );
    await handle.signal('approval', 'Ada');
    expect(await handle.get(soon)).toBe('"paper by Ada"');
    expect(called('approved')).toEqual([1, 1]);
    await expect(handle.signal('approval')).rejects.toBeInstanceOf(TaskStateError);
  });

  it('lets what a signal wakes through its limits one after the other', async () => {
    const handles = await Promise.all([1, 2, 3].map(() => refs.single.delay()));
    for (const { id } of handles)
      await until('it waits', async () => (await application.tasks.record(id)).state === 'WAITING');
    for (const { id } of handles) await workflows().signal(id, 'turn');
    await Promise.all(handles.map((handle) => handle.get(soon)));
    expect(called('single')).toEqual([1, 1, 1]);
  });

  it('does not expire what has begun and waits', async () => {
    const handle = await refs.approved.applyAsync(['paper'], { expires: '1h' });
    await until('it waits', async () => (await handle.state()) === 'WAITING');
    expect((await handle.record()).expiresAt).toBeNull();
    await workflows().signal(handle.id, 'approval', 'Ada');
    expect(await handle.get(soon)).toBe('paper by Ada');
  });

  it('keeps a signal that comes before it is waited for, and takes each once', async () => {
    const open = closeGate();
    const handle = await chain(refs.held.s(1), waitForSignal<number>('go'), refs.add.s(1)).delay();
    await handle.signal('go', 41);
    await expect(handle.signal('go', 1)).rejects.toBeInstanceOf(SignalConflictError);
    open();
    expect(await handle.get(soon)).toBe(42);
  });

  it('fails a task whose signal does not come in time', async () => {
    const handle = await refs.impatient.delay();
    await expect(handle.get(soon)).rejects.toMatchObject({ error: { name: 'SignalTimeoutError' } });
    await application.tasks.retry(handle.id);
    await expect(handle.get(soon)).rejects.toMatchObject({ error: { name: 'SignalTimeoutError' } });
    const waits = (await application.tasks.history(handle.id)).filter((entry) => entry.kind === 'waiting');
    expect(waits).toHaveLength(2);
  });
}
