import { beforeEach, describe, expect, it } from '@jest/globals';
import { Logger } from '@nestjs/common';
import type { BatchRunner } from '#dist/jobs/batch/batch.runner.js';
import { BatchTasks } from '#dist/jobs/batch/batch.tasks.js';
import type { UploadsStore } from '#dist/jobs/batch/uploads.store.js';
import {
  StoreUnavailableError,
  TaskNotFoundError,
  type TaskContext,
  type TaskService,
} from '#dist/tasks/index.js';

const REPORT = { files: [], totals: {}, durationMs: 1 };
const ID = '0198a2b4-5f1e-7c3a-9d2e-3b1f0a6c7d8e';

let discarded: string[];
let submissions: unknown[][];
let submissionError: Error | undefined;
let state: string | undefined;
let tasks: BatchTasks;

const context = {
  id: ID,
  snooze: (wait: string) => {
    throw new Error(`snoozed ${wait}`);
  },
} as unknown as TaskContext;

beforeEach(() => {
  Logger.overrideLogger(false);
  discarded = [];
  submissions = [];
  submissionError = undefined;
  state = undefined;
  const service = {
    of: () => ({
      discardUploads: {
        applyAsync: (...given: unknown[]) => {
          submissions.push(given);
          return submissionError ? Promise.reject(submissionError) : Promise.resolve();
        },
      },
    }),
    record: (id: string) => (state ? Promise.resolve({ state }) : Promise.reject(new TaskNotFoundError(id))),
  };
  tasks = new BatchTasks(
    { run: () => Promise.resolve(REPORT) } as unknown as BatchRunner,
    { discard: (ids: string[]) => Promise.resolve(void discarded.push(...ids)) } as unknown as UploadsStore,
    service as unknown as TaskService,
  );
});

describe('batch.process', () => {
  it('leaves its uploads where they are until its result is committed, and has them deleted then, once', async () => {
    expect(await tasks.process({ uploads: [{ id: 'u1', name: 'a' }] }, context)).toBe(REPORT);
    expect(discarded).toEqual([]);
    expect(submissions).toEqual([
      [[ID, ['u1']], { countdown: '2s', idempotencyKey: `batch.discard-uploads:${ID}` }],
    ]);
  });

  it('has nothing to delete when it was given paths', async () => {
    await tasks.process({ paths: ['a'] }, context);
    expect(submissions).toEqual([]);
  });

  it('keeps its report when the deletion cannot be submitted', async () => {
    submissionError = new StoreUnavailableError('down');
    expect(await tasks.process({ uploads: [{ id: 'u1', name: 'a' }] }, context)).toBe(REPORT);
  });
});

describe('batch.discard-uploads', () => {
  it.each(['SUCCESS', undefined])('deletes them when the task is %s', async (found) => {
    state = found;
    expect(await tasks.discardUploads(ID, ['u1', 'u2'], context)).toEqual({ deleted: true });
    expect(discarded).toEqual(['u1', 'u2']);
  });

  it.each(['FAILURE', 'REVOKED'])(
    'keeps them when the task is %s, because it may be retried by hand',
    async (found) => {
      state = found;
      expect(await tasks.discardUploads(ID, ['u1'], context)).toEqual({ deleted: false });
      expect(discarded).toEqual([]);
    },
  );

  it.each(['WAITING', 'PENDING', 'STARTED', 'RETRY'])(
    'looks again later when the task is %s',
    async (found) => {
      state = found;
      await expect(tasks.discardUploads(ID, ['u1'], context)).rejects.toThrow('snoozed 30s');
      expect(discarded).toEqual([]);
    },
  );
});
