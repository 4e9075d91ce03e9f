import { describeBroker } from '../contract/broker.contract.js';

describeBroker('memory', 'memory://');
