import { openBench, rate } from './harness.js';
import { submits } from './submit.js';
const b = await openBench();
for (let i=0;i<4;i++){ await b.clear(); console.log(await submits(b, 60000)); }
await b.close();
