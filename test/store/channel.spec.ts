import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { connectionSettings } from '#dist/tasks/store/connection.js';
import { TaskChannel } from '#dist/tasks/store/task-channel.js';
import { createDatabase, type TestDatabase } from '../support/database.js';
import { TcpProxy } from '../support/tcp-proxy.js';
import { until } from '../support/until.js';

describe('the connection for notifications', () => {
  let database: TestDatabase;
  let proxy: TcpProxy;
  beforeAll(async () => {
    database = await createDatabase();
    proxy = await TcpProxy.inFrontOf(database.url);
  });
  afterAll(async () => {
    await proxy.close();
    await database.drop();
  });

  it('takes no harm from what others send there', async () => {
    const channel = new TaskChannel(
      connectionSettings({ type: 'postgres', url: database.url }, undefined),
      'celeriac',
    );
    const heard: string[] = [];
    channel.on('ready', (queues) => heard.push(...queues));
    await channel.start();
    const send = (text: string) =>
      database.sql.query('SELECT pg_notify($1, $2)', ['celeriac:celeriac', text]);
    for (const junk of ['{', 'null', '7', '{"q":5}', '{"r":[1]}', '{"s":3}', '{"e":[null]}'])
      await send(junk);
    await send('{"q":["ours"]}');
    await until('ours is heard', () => heard.includes('ours'));
    await channel.stop();
  });

  it('is not left open when it is stopped while it is made anew', async () => {
    const channel = new TaskChannel(
      connectionSettings({ type: 'postgres', url: proxy.url }, undefined),
      'celeriac',
    );
    await channel.start();
    proxy.set('blackhole');
    proxy.reset();
    await until('it connects again', () => !channel.connected && proxy.connections === 1);
    const stopped = channel.stop();
    proxy.set('pass');
    await stopped;
    await until('it is closed', () => proxy.connections === 0, 5000);
    expect(channel.connected).toBe(false);
  });
});
