import { describeSchedules } from '../contract/schedules.contract.js';
import { describeUnless } from '../support/prerequisite.js';
import { RedisServer, redisMissing } from '../support/redis-server.js';

describeUnless(redisMissing)('redis', () => {
  describeSchedules('redis', () => RedisServer.create());
});
