// Preloaded by NODE_OPTIONS=--import: sets the clock of a process, threads included, CLOCK_SKEW_MS wrong.
import { isMainThread } from 'node:worker_threads';

const skew = Number(process.env.CLOCK_SKEW_MS);
const RealDate = Date;

globalThis.Date = class extends RealDate {
  constructor(...given) {
    if (given.length === 0) super(RealDate.now() + skew);
    else super(...given);
  }

  static now() {
    return RealDate.now() + skew;
  }
};

const off = Math.round((Date.now() - performance.timeOrigin - performance.now()) / 1000);
process.stderr.write(`clock of the ${isMainThread ? 'main thread' : 'thread'} is off by ${off} s\n`);
