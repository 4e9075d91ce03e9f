import type { ScheduleStore } from '../store/schedule-store.js';

/** What schedules need of the storage; tests have it in memory. */
export type ScheduleStorage = Pick<
  ScheduleStore,
  | 'tick'
  | 'nextDue'
  | 'now'
  | 'find'
  | 'list'
  | 'ofCode'
  | 'declare'
  | 'insert'
  | 'update'
  | 'remove'
  | 'note'
>;
