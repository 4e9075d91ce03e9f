import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';
import { rabbitQueueNames } from '#dist/tasks/brokers/rabbitmq/index.js';
import { Topology } from '#dist/tasks/brokers/rabbitmq/topology.js';
import { prefixOf } from '#dist/tasks/brokers/redis/redis-message.js';

describe('docs/brokers.md', () => {
  it('gives the names that are used in Redis and RabbitMQ', async () => {
    const text = await readFile(fileURLToPath(new URL('../../docs/brokers.md', import.meta.url)), 'utf8');
    const { ready, dead } = rabbitQueueNames('images');
    expect(text).toContain(`// ${ready} and …${dead.slice(dead.lastIndexOf('.'))}`);
    const topology = new Topology('<schema>');
    for (const name of [
      prefixOf('<schema>', false),
      prefixOf('<schema>', true),
      topology.queue('<queue>'),
      topology.dead('<queue>'),
    ])
      expect(text).toContain(`\`${name}\``);
  });
});
