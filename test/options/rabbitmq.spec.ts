import { describeLimits } from '../contract/limits.contract.js';
import { describeOptions } from '../contract/options.contract.js';
import { describeUnless } from '../support/prerequisite.js';
import { RabbitServer, rabbitMissing } from '../support/rabbit-server.js';

describeUnless(rabbitMissing)('amqp', () => {
  describeOptions('amqp', () => RabbitServer.create());
  describeLimits('amqp', () => RabbitServer.create());
});
