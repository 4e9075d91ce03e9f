import type { Statement } from './database.js';
import { advance, inherited } from './statements/advance.js';
import { cascade } from './statements/cascade.js';
import { claimById, claimedUnder, claimReady } from './statements/claim.js';
import { defer, deferredUnder } from './statements/defer.js';
import { expire, nextDue, nextExpiry, promoteDue } from './statements/due.js';
import { finish, finishedUnder, markFenced } from './statements/finish.js';
import { dropOldKeys } from './statements/idempotency.js';
import { forget, liveTasks, retryFinished, revoke } from './statements/operator.js';
import { writeProgress } from './statements/progress.js';
import { purge } from './statements/purge.js';
import { knownQueues, knowQueues, unheardQueues } from './statements/queues.js';
import { countReady } from './statements/ready.js';
import {
  bury,
  died,
  heldBy,
  isAlive,
  leave,
  lost,
  registerWorker,
  rescue,
} from './statements/worker-lease.js';
import type { Tables } from './tables.js';

/** Every statement of the store, for one schema. */
export function prepareStatements(tables: Tables) {
  const ping: Statement = { name: `${tables.schema}.ping`, text: 'SELECT 1' };
  return {
    cascade: cascade(tables),
    advance: advance(tables),
    inherited: inherited(tables),
    purge: purge(tables),
    dropKeys: dropOldKeys(tables),
    claim: claimReady(tables),
    claimById: claimById(tables),
    claimedUnder: claimedUnder(tables),
    finish: finish(tables),
    finishExpiring: finish(tables, true),
    finishedUnder: finishedUnder(tables),
    markFenced: markFenced(tables),
    defer: defer(tables),
    deferredUnder: deferredUnder(tables),
    progress: writeProgress(tables),
    promote: promoteDue(tables),
    nextDue: nextDue(tables),
    expire: expire(tables),
    nextExpiry: nextExpiry(tables),
    register: registerWorker(tables),
    isAlive: isAlive(tables),
    leave: leave(tables),
    bury: bury(tables),
    died: died(tables),
    lost: lost(tables),
    rescue: rescue(tables),
    heldBy: heldBy(tables),
    revoke: revoke(tables),
    retryFinished: retryFinished(tables),
    forget: forget(tables),
    liveTasks: liveTasks(tables),
    countReady: countReady(tables),
    knowQueues: knowQueues(tables),
    knownQueues: knownQueues(tables),
    unheardQueues: unheardQueues(tables),
    ping,
  } satisfies Record<string, Statement>;
}
