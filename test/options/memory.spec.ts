import { describeOptions } from '../contract/options.contract.js';

describeOptions('memory', 'memory://');
