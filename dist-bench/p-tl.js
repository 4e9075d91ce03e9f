import { openBench, BenchTasks } from './harness.js';
const b = await openBench();
const w = await b.openWorker(); await w.start(10);
const add=b.tasks.of(BenchTasks).add;
for (let i=0;i<40;i++){ globalThis.__t=[]; const t=performance.now(); const s=new Promise(r=>BenchTasks.onRun=()=>r(performance.now())); await add.delay(2,3); const c=performance.now(); const e=await s; await new Promise(r=>setTimeout(r,20));
 if (i>=36) { console.log('committed',(c-t).toFixed(2),'started',(e-t).toFixed(2)); for (const [n,a,z] of globalThis.__t) console.log('   ',n,(a-t).toFixed(2),(z-t).toFixed(2)); } }
await w.close(); await b.close();
