import { describeBroker } from '../contract/broker.contract.js';

describeBroker('postgres', undefined);
