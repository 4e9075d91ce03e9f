var __decorate = (this && this.__decorate) || function (decorators, target, key, desc) {
    var c = arguments.length, r = c < 3 ? target : desc === null ? desc = Object.getOwnPropertyDescriptor(target, key) : desc, d;
    if (typeof Reflect === "object" && typeof Reflect.decorate === "function") r = Reflect.decorate(decorators, target, key, desc);
    else for (var i = decorators.length - 1; i >= 0; i--) if (d = decorators[i]) r = (c < 3 ? d(r) : c > 3 ? d(target, key, r) : d(target, key)) || r;
    return c > 3 && r && Object.defineProperty(target, key, r), r;
};
var __metadata = (this && this.__metadata) || function (k, v) {
    if (typeof Reflect === "object" && typeof Reflect.metadata === "function") return Reflect.metadata(k, v);
};
var BenchTasks_1;
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Injectable, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { TypeOrmModule } from '@nestjs/typeorm';
import { Pool } from 'pg';
import { PostgresServer } from '#dist/tasks/embedded/index.js';
import { Task, TasksModule, TaskService, Worker } from '#dist/tasks/index.js';
import { tablesOf } from '#dist/tasks/store/tables.js';
let BenchTasks = class BenchTasks {
    static { BenchTasks_1 = this; }
    static runs = 0;
    static onRun;
    add(x, y) {
        BenchTasks_1.runs++;
        BenchTasks_1.onRun?.();
        return x + y;
    }
};
__decorate([
    Task({ name: 'bench.add' }),
    __metadata("design:type", Function),
    __metadata("design:paramtypes", [Number, Number]),
    __metadata("design:returntype", Number)
], BenchTasks.prototype, "add", null);
BenchTasks = BenchTasks_1 = __decorate([
    Injectable()
], BenchTasks);
export { BenchTasks };
let applications = 0;
async function applicationOf(url) {
    const name = `bench${++applications}`;
    let BenchModule = class BenchModule {
    };
    BenchModule = __decorate([
        Module({
            imports: [TypeOrmModule.forRoot({ name, type: 'postgres', url }), TasksModule.forRoot({ dataSource: name })],
            providers: [BenchTasks],
        })
    ], BenchModule);
    return NestFactory.createApplicationContext(BenchModule, { logger: ['error', 'warn'] });
}
export async function openBench() {
    const directory = await mkdtemp(join(tmpdir(), 'celeriac-bench-'));
    const server = await PostgresServer.create({ directory });
    await server.start();
    const { url } = server;
    const app = await applicationOf(url);
    // the same planning as the library's own pool
    const sql = new Pool({
        connectionString: url,
        max: 6,
        options: '-c enable_seqscan=off -c enable_bitmapscan=off -c jit=off -c TimeZone=UTC',
    });
    const tables = tablesOf('celeriac');
    return {
        url,
        tables,
        sql,
        app,
        tasks: app.get(TaskService),
        async openWorker() {
            const context = await applicationOf(url);
            const worker = context.get(Worker);
            return {
                start: (concurrency) => worker.start({ concurrency }),
                async close() {
                    await worker.stop(5000);
                    await context.close();
                },
            };
        },
        async clear() {
            await sql.query(`TRUNCATE ${tables.task}, ${tables.done}, ${tables.payload}, ${tables.attempt}`);
        },
        async close() {
            await app.close();
            await sql.end();
            await server.stop('fast');
            await rm(directory, { recursive: true, force: true });
        },
    };
}
export function median(values) {
    const sorted = [...values].sort((a, b) => a - b);
    const middle = sorted.length >> 1;
    return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}
export function percentile(values, p) {
    const sorted = [...values].sort((a, b) => a - b);
    return sorted[Math.min(sorted.length - 1, Math.floor((p / 100) * sorted.length))];
}
/** Runs `work` with `lanes` at once until it returns false. */
export async function inLanes(lanes, work) {
    await Promise.all(Array.from({ length: lanes }, async (_, lane) => {
        while (await work(lane))
            ;
    }));
}
/** Operations a second. */
export async function rate(operations, work) {
    const start = performance.now();
    await work();
    return operations / ((performance.now() - start) / 1000);
}
export const n = (value, digits = 0) => value.toLocaleString('en-US', { maximumFractionDigits: digits });
