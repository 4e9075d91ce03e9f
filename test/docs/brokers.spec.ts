import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';
import { Topology } from '#dist/tasks/brokers/rabbitmq/topology.js';
import { prefixOf } from '#dist/tasks/brokers/redis/redis-message.js';
import { compileBlocks } from '../support/doc-code.js';

describe('docs/brokers.md', () => {
  it('has code that compiles, every block of it', async () => {
    expect(await compileBlocks('brokers.md')).toBe(3);
  }, 120_000);

  it('gives the names that are used in Redis and RabbitMQ', async () => {
    const text = await readFile(fileURLToPath(new URL('../../docs/brokers.md', import.meta.url)), 'utf8');
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
