import { describeWorkflows } from '../contract/workflows.contract.js';

describeWorkflows('memory', async () => undefined);
