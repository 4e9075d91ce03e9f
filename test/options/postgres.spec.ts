import { describeOptions } from '../contract/options.contract.js';

describeOptions('postgres', undefined);
