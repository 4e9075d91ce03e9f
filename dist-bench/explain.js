import { openBench } from './harness.js';
import { insertRows } from './submit.js';
import { claimReady } from '#dist/tasks/store/statements/claim.js';
import { finish, finishValues } from '#dist/tasks/store/statements/finish.js';
import { registerWorker } from '#dist/tasks/store/statements/worker-lease.js';
const b = await openBench();
const c = await b.sql.connect();
await insertRows(c, b, 40000);
const w='01930000-0000-7000-8000-000000000001';
await c.query(registerWorker(b.tables).text,[w,'x',1e6,'{}']);
const P=[9,8,7,6,5,4,3,2,1,0];
const run = async (analyze, marks) => {
  const claim=claimReady(b.tables);
  const vals=[w,'77',P.map(()=>'default'),P,P.map(()=>marks??'-infinity'),100];
  const t=performance.now();
  const {rows}=await c.query({name:claim.name,text:claim.text,values:vals});
  const t1=performance.now();
  const e=rows.map(r=>({id:r.id,fence:r.fence,state:'SUCCESS',result:'5',largeResult:false,error:null,progress:null})).sort((a,b)=>a.id<b.id?-1:1);
  const f=finish(b.tables);
  await c.query({name:f.name,text:f.text,values:finishValues(e)});
  const t2=performance.now();
  return [t1-t,t2-t1, undefined];
};
let mark;
for (let i=0;i<60;i++){ const r=await run(false,mark); mark=r[2]; if(i%10==0||i<8) console.log(i,r[0].toFixed(1),r[1].toFixed(1)); }
for (const [nm,args] of [['celeriac.claim',`'${w}',78,ARRAY['default'],ARRAY[0::int2],ARRAY['-infinity'::timestamptz],100`]]) {
  const r=await c.query(`EXPLAIN (ANALYZE, BUFFERS, COSTS OFF) EXECUTE "${nm}"(${args})`);
  console.log(r.rows.map(x=>Object.values(x)[0]).join('\n'));
}
const held=(await c.query(`SELECT id FROM celeriac.task WHERE fence=78 ORDER BY id`)).rows.map(r=>`'${r.id}'::uuid`);
const rep=(v)=>'ARRAY['+held.map(()=>v).join(',')+']';
const r=await c.query(`EXPLAIN (ANALYZE, BUFFERS, COSTS OFF) EXECUTE "celeriac.finish"(ARRAY[${held.join(',')}],${rep('78::bigint')},${rep("'SUCCESS'")},${rep("'5'")},${rep('NULL::text')},${rep('NULL::text')},ARRAY[]::uuid[],ARRAY[]::text[])`);
console.log(r.rows.map(x=>Object.values(x)[0]).join('\n'));
c.release(); await b.close();
