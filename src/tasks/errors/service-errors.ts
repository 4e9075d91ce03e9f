import { CeleriacError } from './celeriac-error.js';

/** A worker process ended before it took tasks; why was said by itself. */
export class WorkerStartError extends CeleriacError {
  readonly code = 'WORKER_START';
}

/** The database cannot be reached: what was asked was not done. Try again later. */
export class StoreUnavailableError extends CeleriacError {
  readonly code = 'STORE_UNAVAILABLE';
}

/** The database went away while a submission was on its way: the task either does not exist, or runs once. */
export class SubmissionUncertainError extends CeleriacError {
  readonly code = 'SUBMISSION_UNCERTAIN';

  constructor(
    readonly taskId: string,
    options?: ErrorOptions,
  ) {
    super(
      `it is not known whether task ${taskId} was accepted: ask for its status later, or submit again`,
      options,
    );
  }
}

/** The broker cannot be reached: tried again by itself, and while it lasts tasks wait in the database. */
export class BrokerUnavailableError extends CeleriacError {
  readonly code = 'BROKER_UNAVAILABLE';
}

/** The broker answers and refuses, or cannot be used as it is set up: trying again does not help. */
export class BrokerRefusedError extends CeleriacError {
  readonly code = 'BROKER_REFUSED';
}

/** A package that only some users need is not installed. */
export class MissingPackageError extends CeleriacError {
  readonly code = 'MISSING_PACKAGE';

  constructor(
    readonly packages: readonly string[],
    what: string,
    options?: ErrorOptions,
  ) {
    super(`${what} needs ${packages.join(' and ')}: npm install ${packages.join(' ')}`, options);
  }
}

/** A bounded buffer is full. Nothing was accepted; try again later. */
export class OverloadedError extends CeleriacError {
  readonly code = 'OVERLOADED';
}

/** A queue holds as many tasks as `queueLimits` allows. Nothing was accepted; try again later. */
export class QueueFullError extends CeleriacError {
  readonly code = 'QUEUE_FULL';

  constructor(
    readonly queue: string,
    readonly limit: number,
  ) {
    super(`the queue '${queue}' is full (${limit} tasks wait in it): try again later`);
  }
}

/** The application is shutting down and accepts nothing more. */
export class ShuttingDownError extends CeleriacError {
  readonly code = 'SHUTTING_DOWN';

  constructor() {
    super('the application is shutting down: submit again to another process, or later');
  }
}
