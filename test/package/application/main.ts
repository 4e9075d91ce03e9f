import { NestFactory } from '@nestjs/core';
import { closeGracefully, TaskService } from 'celeriac';
import { AppModule } from './app.module.js';
import { ReportTasks } from './report.tasks.js';

/** Submits in code and over HTTP, looks at the dashboard, and writes what came of it as a line of JSON. */
async function main(): Promise<void> {
  const app = await NestFactory.create(AppModule, { logger: ['warn', 'error', 'fatal'] });
  await app.listen(0, '127.0.0.1');
  const url = await app.getUrl();
  const tasks = app.get(TaskService);

  const handle = await tasks.of(ReportTasks).write.delay('sales', 1);
  const report = await handle.get({ timeout: '60s' });
  // a Date comes back as the text that JSON makes of it
  const at: string = report.at;

  const response = await fetch(`${url}/tasks/report.write`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ args: ['stock', 0] }),
  });
  const { id } = (await response.json()) as { id: string };
  const record = await fetch(`${url}/tasks/${id}?wait=30s`);
  const stock = (await record.json()) as { result: { title: string } };

  const page = await fetch(`${url}/dashboard`);
  const [, script] = /<script[^>]* src="([^"]+)"/.exec(await page.text()) ?? [];
  const asset = await fetch(new URL(script ?? 'no-script', page.url));

  await closeGracefully(app);
  const seen = {
    title: report.title,
    at,
    status: response.status,
    other: stock.result.title,
    page: [page.status, asset.status],
  };
  process.stdout.write(`${JSON.stringify(seen)}\n`);
}

void main();
