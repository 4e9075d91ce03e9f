import { NestFactory } from '@nestjs/core';
import { closeGracefully, TaskService } from 'celeriac';
import { AppModule } from './app.module.js';
import { ReportTasks } from './report.tasks.js';

/** Submits in code and over HTTP, and writes what came of it as a line of JSON. */
const app = await NestFactory.create(AppModule, { logger: ['warn', 'error', 'fatal'] });
await app.listen(0, '127.0.0.1');
const tasks = app.get(TaskService);

const handle = await tasks.of(ReportTasks).write.delay('sales', 1);
const report = await handle.get({ timeout: '30s' });
// a Date comes back as the text that JSON makes of it
const at: string = report.at;

const response = await fetch(`${await app.getUrl()}/tasks/report.write`, {
  method: 'POST',
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify({ args: ['stock', 0] }),
});
const { id } = (await response.json()) as { id: string };
const stock = await tasks.handle<{ title: string }>(id).get({ timeout: '30s' });

await closeGracefully(app);
const seen = { title: report.title, at, status: response.status, other: stock.title };
process.stdout.write(`${JSON.stringify(seen)}\n`);
