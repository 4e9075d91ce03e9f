import { describeSchedules } from '../contract/schedules.contract.js';

describeSchedules('memory', 'memory://');
