import { describeWorkflows } from '../contract/workflows.contract.js';

describeWorkflows('postgres', async () => undefined);
