import { TasksModule, type TaskService } from 'celeriac';
import type { EmbeddedPostgres } from 'celeriac/embedded';
import { ReportTasks } from './report.tasks.js';

/** Compiled and never run: each marked line is a mistake that the published types must find. */
export async function mistakes(tasks: TaskService, database: EmbeddedPostgres): Promise<void> {
  const { write } = tasks.of(ReportTasks);
  await write.delay('sales', 0);
  // @ts-expect-error a number for a text
  await write.delay(1, 0);
  // @ts-expect-error an argument is missing
  await write.delay('sales');
  // @ts-expect-error the context is not the caller's
  await write.applyAsync(['sales', 0, {}]);
  // @ts-expect-error there is no such option
  await write.applyAsync(['sales', 0], { countDown: '10s' });
  // @ts-expect-error there is no such task
  await tasks.of(ReportTasks).read.delay();
  const report = await (await write.delay('sales', 0)).get();
  // @ts-expect-error a Date comes back as a text
  report.at.getTime();
  // @ts-expect-error there is no such option
  TasksModule.forRoot({ workers: 'inline' });
  // @ts-expect-error the URL is a text
  const url: number = database.url;
  void url;
}
