import { describeWorkflows } from '../contract/workflows.contract.js';
import { describeUnless } from '../support/prerequisite.js';
import { RedisServer, redisMissing } from '../support/redis-server.js';

describeUnless(redisMissing)('redis', () => {
  describeWorkflows('redis', () => RedisServer.create());
});
