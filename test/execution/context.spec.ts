import { AsyncLocalStorage } from 'node:async_hooks';
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Injectable } from '@nestjs/common';
import { Task, TaskContext, TaskService } from '#dist/tasks/index.js';
import { createApplication, type TestApplication } from '../support/application.js';
import { createDatabase, type TestDatabase } from '../support/database.js';

/** The application's own context. */
const own = new AsyncLocalStorage<{ tenant?: string | undefined; correlationId?: string | undefined }>();

interface Seen {
  id: string;
  parentId: string | null;
  rootId: string | null;
  headers: Record<string, string>;
  tenant: string | undefined;
  correlationId: string | undefined;
  child?: Seen;
}

@Injectable()
class FamilyTasks {
  constructor(private readonly tasks: TaskService) {}

  @Task()
  async root(): Promise<Seen> {
    const child = await this.tasks.of(FamilyTasks).middle.delay();
    return { ...this.see(), child: await child.get() };
  }

  @Task()
  async middle(): Promise<Seen> {
    const [child] = await this.tasks.submitMany([{ name: 'family.leaf' }]);
    return { ...this.see(), child: (await child!.get()) as Seen };
  }

  @Task()
  leaf(): Seen {
    return this.see();
  }

  private see(): Seen {
    const { id, parentId, rootId, headers } = TaskContext.current()!;
    return { id, parentId, rootId, headers, ...own.getStore()! } as Seen;
  }
}

describe('the application’s own context', () => {
  let database: TestDatabase;
  let application: TestApplication;

  beforeAll(async () => {
    database = await createDatabase();
    application = await createApplication(
      database.url,
      { providers: [FamilyTasks] },
      {
        context: {
          capture: () => own.getStore(),
          run: ({ headers: { tenant, correlationId } }, next) => own.run({ tenant, correlationId }, next),
        },
      },
    );
    await application.startWorker({ concurrency: 20 });
  });
  afterAll(async () => {
    await application.close();
    await database.drop();
  });

  const request = async (tenant: string, correlationId: string): Promise<Seen> => {
    const tasks = application.tasks.of(FamilyTasks);
    const handle = await own.run({ tenant, correlationId }, () =>
      tasks.root.applyAsync([], { headers: { traceparent: '00-abc-01' } }),
    );
    return handle.get({ timeout: '60s' });
  };

  it('goes from the request to the task, its children and theirs', async () => {
    const correlationId = randomUUID();
    const root = await request('blue', correlationId);
    const headers = { correlationId, tenant: 'blue', traceparent: '00-abc-01' };
    const family = [root, root.child!, root.child!.child!];
    for (const seen of family) expect(seen).toMatchObject({ headers, tenant: 'blue', correlationId });
    const [first, second, third] = family as [Seen, Seen, Seen];
    expect([first.parentId, first.rootId]).toEqual([null, null]);
    expect([second.parentId, second.rootId]).toEqual([first.id, first.id]);
    expect([third.parentId, third.rootId]).toEqual([second.id, first.id]);
    expect(await application.tasks.record(third.id)).toMatchObject({
      parentId: second.id,
      rootId: first.id,
      headers,
    });
  });

  it('is each task’s own when many run at once', async () => {
    const tenants = Array.from({ length: 5 }, (_, i) => `tenant-${i}`);
    const roots = await Promise.all(tenants.map((tenant) => request(tenant, tenant)));
    expect(roots.map((root) => root.child!.child!.tenant)).toEqual(tenants);
  });
});
