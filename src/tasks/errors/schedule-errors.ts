import { CeleriacError } from './celeriac-error.js';

/** No schedule has the id or the name. */
export class ScheduleNotFoundError extends CeleriacError {
  readonly code = 'SCHEDULE_NOT_FOUND';

  constructor(readonly schedule: string) {
    super(`no schedule has the id or the name '${schedule.slice(0, 200)}'`);
  }
}

/** Another schedule has the name. */
export class ScheduleExistsError extends CeleriacError {
  readonly code = 'SCHEDULE_EXISTS';

  constructor(readonly schedule: string) {
    super(`a schedule is called '${schedule}' already: change that one, or take another name`);
  }
}

/** The code declares the schedule: what was asked for would come back, or be lost, at the next start. */
export class ScheduleDeclaredError extends CeleriacError {
  readonly code = 'SCHEDULE_DECLARED';

  constructor(
    readonly schedule: string,
    what: string,
  ) {
    super(`the schedule '${schedule}' is declared by @Schedule() in the code and cannot be ${what}`);
  }
}
