import { describeWorkflows } from '../contract/workflows.contract.js';
import { describeUnless } from '../support/prerequisite.js';
import { RabbitServer, rabbitMissing } from '../support/rabbit-server.js';

describeUnless(rabbitMissing)('amqp', () => {
  describeWorkflows('amqp', () => RabbitServer.create());
});
