import { setTimeout as sleep } from 'node:timers/promises';
import { BenchTasks } from './harness.js';
/** Milliseconds from the call of `delay()` to the first line of the handler, one task at a time, everything idle. */
export async function submitToStart(bench, count) {
    const worker = await bench.openWorker();
    await worker.start(10);
    const add = bench.tasks.of(BenchTasks).add;
    const times = [];
    for (let i = -20; i < count; i++) {
        const before = performance.now();
        const started = new Promise((resolve) => (BenchTasks.onRun = () => resolve(performance.now())));
        await add.delay(2, 3);
        const after = await started;
        if (i >= 0)
            times.push(after - before);
        // longer than a settle takes, so that the next task finds everything idle
        await sleep(15);
    }
    BenchTasks.onRun = undefined;
    await worker.close();
    return times;
}
