import { describe, expect, it } from '@jest/globals';
import { isRelayed, readBrokerOptions } from '#dist/tasks/brokers/broker-options.js';

const read = (url: string) => readBrokerOptions(url);

describe('the broker by URL', () => {
  it('is the database without one', () => {
    expect(readBrokerOptions(undefined)).toEqual({ kind: 'postgres', url: undefined });
    expect(read('')).toEqual({ kind: 'postgres', url: undefined });
    expect(isRelayed(read('memory://'))).toBe(false);
  });

  it('reads user, password, port, database number and TLS of Redis', () => {
    expect(read('redis://')).toMatchObject({
      kind: 'redis',
      redis: { host: '127.0.0.1', port: 6379, db: 0 },
    });
    expect(read('rediss://ann:p%40ss@cache.example:6380/7')).toEqual({
      kind: 'redis',
      redis: { host: 'cache.example', port: 6380, db: 7, username: 'ann', password: 'p@ss', tls: {} },
    });
    expect(read('redis://[::1]:7000')).toMatchObject({ redis: { host: '::1', port: 7000 } });
    expect(isRelayed(read('redis://localhost'))).toBe(true);
  });

  it('takes Sentinel and Cluster as options of ioredis', () => {
    const sentinel = { redis: { sentinels: [{ host: 's1', port: 26379 }], name: 'main' } };
    expect(readBrokerOptions(sentinel)).toEqual({ kind: 'redis', ...sentinel });
    const cluster = { redis: { password: 'x' }, nodes: [{ host: 'n1', port: 7000 }] };
    expect(readBrokerOptions(cluster)).toEqual({ kind: 'redis', ...cluster });
  });

  it('reads several hosts of RabbitMQ, with one user and virtual host for all of them', () => {
    expect(read('amqp://ann:secret@a:5672,b:5673/shop')).toEqual({
      kind: 'amqp',
      urls: ['amqp://ann:secret@a:5672/shop', 'amqp://ann:secret@b:5673/shop'],
      socket: {},
    });
    expect(readBrokerOptions({ amqp: ['amqps://a', 'amqps://b'], socket: { ca: 'pem' } })).toEqual({
      kind: 'amqp',
      urls: ['amqps://a', 'amqps://b'],
      socket: { ca: 'pem' },
    });
  });

  it('says what is wrong, and never the password', () => {
    const errors = [
      'kafka://user:hunter2@host',
      'hunter2@host',
      'redis://user:hunter2@host:port',
      'redis://user:hunter2@host/two',
      'amqp://user:hunter2@host:port',
    ].map((url) => {
      try {
        read(url);
        return 'accepted';
      } catch (error) {
        return (error as Error).message;
      }
    });
    for (const message of errors) {
      expect(message).toMatch(/^broker: expected /);
      expect(message).not.toContain('hunter2');
    }
    expect(errors[0]).toContain("got 'kafka://…'");
    expect(errors[3]).toContain("database's number");
  });
});
