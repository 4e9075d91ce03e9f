import type { Statement } from './database.js';
import { claimById, claimedUnder, claimReady } from './statements/claim.js';
import { defer, deferredUnder } from './statements/defer.js';
import { expire, nextDue, promoteDue } from './statements/due.js';
import { finish, finishedUnder, markFenced } from './statements/finish.js';
import { dropOldKeys } from './statements/idempotency.js';
import { forget, liveTasks, retryFinished, revoke } from './statements/operator.js';
import { writeProgress } from './statements/progress.js';
import { knownQueues, knowQueues } from './statements/queues.js';
import { countReady } from './statements/ready.js';
import { removeExpired } from './statements/result-expiry.js';
import { bury, heldBy, isAlive, leave, registerWorker, rescue } from './statements/worker-lease.js';
import type { Tables } from './tables.js';

/** Every statement of the store, for one schema. */
export function prepareStatements(tables: Tables) {
  const ping: Statement = { name: `${tables.schema}.ping`, text: 'SELECT 1' };
  return {
    dropKeys: dropOldKeys(tables),
    claim: claimReady(tables),
    claimById: claimById(tables),
    claimedUnder: claimedUnder(tables),
    finish: finish(tables),
    finishExpiring: finish(tables, true),
    removeExpired: removeExpired(tables),
    finishedUnder: finishedUnder(tables),
    markFenced: markFenced(tables),
    defer: defer(tables),
    deferredUnder: deferredUnder(tables),
    progress: writeProgress(tables),
    promote: promoteDue(tables),
    nextDue: nextDue(tables),
    expire: expire(tables),
    register: registerWorker(tables),
    isAlive: isAlive(tables),
    leave: leave(tables),
    bury: bury(tables),
    rescue: rescue(tables),
    heldBy: heldBy(tables),
    revoke: revoke(tables),
    retryFinished: retryFinished(tables),
    forget: forget(tables),
    liveTasks: liveTasks(tables),
    countReady: countReady(tables),
    knowQueues: knowQueues(tables),
    knownQueues: knownQueues(tables),
    ping,
  } satisfies Record<string, Statement>;
}
