import { describeLimits } from '../contract/limits.contract.js';
import { describeOptions } from '../contract/options.contract.js';
import { describeUnless } from '../support/prerequisite.js';
import { RedisServer, redisMissing } from '../support/redis-server.js';

describeUnless(redisMissing)('redis', () => {
  describeOptions('redis', () => RedisServer.create());
  describeLimits('redis', () => RedisServer.create());
});
