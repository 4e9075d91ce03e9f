import { openBench, median, percentile } from './harness.js';
import { submitToStart } from './latency.js';
import { insertTasks, insertValues } from '#dist/tasks/store/statements/insert-tasks.js';
import { newRow } from './submit.js';
const b = await openBench();
const c = await b.sql.connect();
const st=insertTasks(b.tables,false);
const ts=[];
for (let i=0;i<200;i++){const t=performance.now(); await c.query({name:st.name,text:st.text,values:insertValues([newRow()])}); ts.push(performance.now()-t);}
console.log('single insert commit p50',median(ts).toFixed(2),'p99',percentile(ts,99).toFixed(2));
const t2=[];
for (let i=0;i<200;i++){const t=performance.now(); await c.query("select pg_notify('x','y')"); t2.push(performance.now()-t);}
console.log('notify p50',median(t2).toFixed(2));
c.release(); await b.clear();
const l=await submitToStart(b,200); console.log('start p50',median(l).toFixed(2),'p90',percentile(l,90).toFixed(2),'p99',percentile(l,99).toFixed(2));
await b.close();
