import { ScheduleNotFoundError, didYouMean } from '../errors.js';
import type { ScheduleRecord } from '../schedule/schedule-record.js';
import type { ScheduleService } from '../schedule/schedule.service.js';
import { CliError } from './errors.js';
import { EXIT } from './exit-codes.js';

const PAGE = 200;

export async function allSchedules(schedules: ScheduleService): Promise<ScheduleRecord[]> {
  const all: ScheduleRecord[] = [];
  let cursor: string | undefined;
  do {
    const { items, nextCursor } = await schedules.list({}, { limit: PAGE, cursor });
    all.push(...items);
    cursor = nextCursor ?? undefined;
  } while (cursor !== undefined);
  return all;
}

/** Works with a schedule that people name. @throws CliError that suggests a name that is near */
export async function withSchedule<T>(
  schedules: ScheduleService,
  name: string,
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof ScheduleNotFoundError)) throw error;
    const known = (await allSchedules(schedules)).map((schedule) => schedule.name);
    throw new CliError(`${error.message}${didYouMean(name, known)}`, EXIT.notFound, error.code);
  }
}
