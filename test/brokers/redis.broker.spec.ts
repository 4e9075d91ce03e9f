import { describeBroker } from '../contract/broker.contract.js';
import { describeUnless } from '../support/prerequisite.js';
import { RedisServer, redisMissing } from '../support/redis-server.js';

describeUnless(redisMissing)('redis', () => {
  describeBroker('redis', () => RedisServer.create());
});
