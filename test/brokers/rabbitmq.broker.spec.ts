import { describeBroker } from '../contract/broker.contract.js';
import { describeUnless } from '../support/prerequisite.js';
import { RabbitServer, rabbitMissing } from '../support/rabbit-server.js';

describeUnless(rabbitMissing)('amqp', () => {
  describeBroker('amqp', () => RabbitServer.create());
});
