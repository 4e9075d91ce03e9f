import { expect, it } from '@jest/globals';
import {
  TaskFailedError,
  TaskRevokedError,
  TaskStateError,
  chain,
  chord,
  group,
  workflow,
} from '#dist/tasks/index.js';
import { until } from '../../support/until.js';
import { application, broken, called, closeGate, refs, soon } from './flow-tasks.js';

/** What becomes of a workflow of which a task fails or is revoked. */
export function failures(): void {
  it('runs callbacks after a success and errbacks, once, after a failure', async () => {
    const good = await refs.add.s(1, 1).link(refs.note.s()).linkError(refs.failed.s()).delay();
    expect(await good.get(soon)).toBe(2);
    await until('the callback ran', () => called('note').includes(2));
    expect(
      await until('the errback is not needed', async () => {
        const { items } = await application.tasks.list({ workflow: good.id, state: 'REVOKED' });
        return items[0]?.revokedReason;
      }),
    ).toBe('not needed');

    broken.add('a').add('b');
    const header = group(refs.fragile.s('a'), refs.fragile.s('b'), refs.fragile.s('c'));
    const bad = await chord(header, refs.text.s()).linkError(refs.failed.s()).delay();
    await expect(bad.get(soon)).rejects.toBeInstanceOf(TaskFailedError);
    await until('the errback ran', () => called('failed').length > 0);
    await until('all has ended', async () => (await bad.progress()).percent === 100);
    expect(called('failed')).toEqual([
      {
        id: bad.id,
        name: 'flow.text',
        error: {
          name: 'UpstreamFailedError',
          message: expect.stringMatching(/flow\.fragile .* failed: TypeError: [ab] is broken/),
        },
      },
    ]);
  });

  it('fails what waits for a failure at once, while its siblings still run', async () => {
    const open = closeGate();
    broken.add('a');
    const handle = await chain(
      group(refs.fragile.s('a'), refs.held.s(1)),
      refs.text.s(),
      refs.note.s('behind'),
    ).delay();
    const failure = await handle.get(soon).catch((error: unknown) => error);
    expect(failure).toMatchObject({ error: { name: 'UpstreamFailedError' } });
    await until('its sibling runs', async () => (await handle.progress()).started === 1);
    open();
    await until('all has ended', async () => (await handle.progress()).percent === 100);
    expect(called('behind')).toEqual([]);
  });

  it('goes on with null in the place of a failure where failures are allowed', async () => {
    broken.add('b');
    const header = group(['a', 'b', 'c'].map((name) => refs.fragile.s(name))).allowFailures();
    expect(await (await chord(header, refs.text.s()).delay()).get(soon)).toBe('["a",null,"c"]');
    const graph = workflow()
      .task('a', refs.fragile.s('b'))
      .task('z', refs.text.s(), { after: ['a'], allowFailures: true });
    expect(await (await graph.delay()).get(soon)).toEqual({ z: '{"a":null}' });
  });

  it('waits once more for a failure that was allowed when that is retried', async () => {
    const open = closeGate();
    broken.add('a');
    const header = group(refs.fragile.s('a'), refs.held.s(1)).allowFailures();
    const handle = await chord(header, refs.text.s()).delay();
    await until('one has failed', async () => (await handle.progress()).failed === 1);
    broken.clear();
    await application.tasks.retry((await handle.graph()).nodes[0]!.id);
    await until('it is good', async () => (await handle.progress()).succeeded === 1);
    expect(await handle.state()).toBe('WAITING');
    open();
    expect(await handle.get(soon)).toBe('["a",1]');
  });

  it('resumes from what was put in the place of a task, with what waits for that', async () => {
    broken.add('r');
    const handle = await chain(refs.delegate.s('r'), refs.text.s()).delay();
    await expect(handle.get(soon)).rejects.toBeInstanceOf(TaskFailedError);
    broken.clear();
    await handle.resume();
    expect(await handle.get(soon)).toBe('"r"');
  });

  it('leaves an errback alone that runs when its task is retried and succeeds', async () => {
    broken.add('a');
    const open = closeGate();
    const handle = await refs.fragile.s('a').linkError(refs.held.si(7)).delay();
    await until('the errback runs', async () => (await handle.progress()).started === 1);
    broken.clear();
    await application.tasks.retry(handle.id);
    expect(await handle.get(soon)).toBe('a');
    open();
    await until('all has ended', async () => (await handle.progress()).percent === 100);
    expect((await handle.progress()).succeeded).toBe(2);
  });

  it('resumes from a failed task that is retried, and from all of them', async () => {
    broken.add('a').add('b');
    const handle = await chain(
      group(refs.fragile.s('a'), refs.fragile.s('b')),
      refs.text.s(),
      refs.note.s(),
    ).delay();
    await expect(handle.get(soon)).rejects.toBeInstanceOf(TaskFailedError);
    await until('both have failed', async () => (await handle.progress()).failed === 4);
    const { nodes } = await handle.graph();
    await expect(application.tasks.retry(handle.id)).rejects.toBeInstanceOf(TaskStateError);

    broken.clear();
    await application.tasks.retry(nodes[0]!.id);
    await until('one is good', async () => (await handle.progress()).succeeded === 1);
    expect(await handle.state()).toBe('FAILURE');
    await application.tasks.retry(nodes[1]!.id);
    expect(await handle.get(soon)).toBe('["a","b"]');
    expect(called('note')).toEqual(['["a","b"]']);

    broken.add('c').add('d');
    const both = await chord(group(refs.fragile.s('c'), refs.fragile.s('d')), refs.text.s()).delay();
    await until('both have failed', async () => (await both.progress()).failed === 3);
    broken.clear();
    await both.resume();
    expect(await both.get(soon)).toBe('["c","d"]');
    await expect(both.resume()).rejects.toBeInstanceOf(TaskStateError);
  });

  it('revokes the whole of a workflow, which can be resumed', async () => {
    const open = closeGate();
    const handle = await chain(refs.held.s(1), refs.add.s(1), refs.note.s())
      .linkError(refs.failed.s())
      .delay();
    await until('it runs', async () => (await handle.progress()).started === 1);
    await handle.revoke({ terminate: true });
    await expect(handle.get(soon)).rejects.toBeInstanceOf(TaskRevokedError);
    expect(await handle.progress()).toMatchObject({ total: 4, revoked: 4, percent: 100 });
    expect(called('failed')).toEqual([]);
    open();
    await handle.resume();
    expect(await handle.get(soon)).toBe(2);
    await expect(handle.revoke()).rejects.toBeInstanceOf(TaskStateError);
  });

  it('ends what waits when a step expires before it was started', async () => {
    const handle = await chain(refs.add.s(1, 1).set({ countdown: '1h' }), refs.add.s(1)).delay();
    const { nodes } = await handle.graph();
    await application.tasks.revoke(nodes[0]!.id);
    await expect(handle.get(soon)).rejects.toBeInstanceOf(TaskRevokedError);
  });

  it('ends thousands that wait for one which fails', async () => {
    broken.add('root');
    const many = Array.from({ length: 1500 }, () => refs.text.s());
    const handle = await chain(refs.fragile.s('root'), group(many), refs.text.s()).delay();
    await expect(handle.get({ timeout: '60s' })).rejects.toBeInstanceOf(TaskFailedError);
    await until('all has ended', async () => (await handle.progress()).failed === 1502);
  });
}
