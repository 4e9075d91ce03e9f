import { describeLimits } from '../contract/limits.contract.js';
import { describeOptions } from '../contract/options.contract.js';

describeOptions('postgres', undefined);
describeLimits('postgres', undefined);
