import { describeSchedules } from '../contract/schedules.contract.js';
import { describeUnless } from '../support/prerequisite.js';
import { RabbitServer, rabbitMissing } from '../support/rabbit-server.js';

describeUnless(rabbitMissing)('amqp', () => {
  describeSchedules('amqp', () => RabbitServer.create());
});
