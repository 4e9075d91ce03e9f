import { describeSchedules } from '../contract/schedules.contract.js';

describeSchedules('postgres', undefined);
