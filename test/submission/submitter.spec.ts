import { describe, expect, it } from '@jest/globals';
import { StoreUnavailableError, SubmissionUncertainError } from '#dist/tasks/index.js';
import { describeTask } from '#dist/tasks/definition/describe-task.js';
import type { NewTask } from '#dist/tasks/store/new-task.js';
import { composeTask } from '#dist/tasks/submission/compose-task.js';
import type { ServiceStorage } from '#dist/tasks/submission/service-storage.js';
import { NO_ORIGIN } from '#dist/tasks/submission/submit-options.js';
import { Submitter } from '#dist/tasks/submission/submitter.js';

const task = describeTask({ run: () => undefined }, '', 'run', { name: 'some.task' });
const compose = (...args: unknown[]) => composeTask(task, args, {}, NO_ORIGIN);

/** Stores what it is given at first, and fails as the test says when it is given `last` without others. */
function storageThatFails(last: NewTask, failure: Error) {
  const announced: string[] = [];
  const insert = async (tasks: readonly NewTask[]) => {
    if (!tasks.includes(last)) return { createdAt: new Date().toISOString(), outbox: [] };
    throw tasks.length > 1 ? Object.assign(new Error('a value is refused'), { code: '22P05' }) : failure;
  };
  const storage = {
    inserts: { insert },
    store: { knowQueues: async () => undefined },
    channel: { queues: () => undefined },
    relay: { send: ({ tasks }: { tasks: NewTask[] }) => announced.push(...tasks.map(({ id }) => id)) },
  };
  return { storage: storage as unknown as ServiceStorage, announced };
}

describe('a batch of submissions of which a part is stored', () => {
  const submit = async (failure: Error) => {
    const all = [compose(1), compose(2)];
    const { storage, announced } = storageThatFails(all[1]!, failure);
    const submitter = new Submitter(storage, {} as never);
    await submitter.groundwork.lay(all);
    const settled = await Promise.allSettled(all.map((each) => submitter.submit(each)));
    expect(settled[0]!.status).toBe('fulfilled');
    expect(announced).toEqual([all[0]!.id]);
    return { ids: all.map(({ id }) => id), error: (settled[1] as PromiseRejectedResult).reason as Error };
  };

  it('is not refused as a whole when the database goes away', async () => {
    const { error } = await submit(new StoreUnavailableError('away'));
    expect(error).toBeInstanceOf(StoreUnavailableError);
  });

  it('says of the others that it is not known', async () => {
    const { ids, error } = await submit(Object.assign(new Error('reset'), { code: 'ECONNRESET' }));
    expect(error).toBeInstanceOf(SubmissionUncertainError);
    expect(error).toMatchObject({ taskId: ids[1] });
  });
});
