import type { Channel, Replies } from 'amqplib';

/** The most messages that are none of ours that are kept for a look. */
const MAX_DEAD = 10_000;
/** How long the mark of a broker that is not used any more stays. */
const MARK_TTL_MS = 30 * 86_400_000;

/**
 * The names of a schema in RabbitMQ. A queue's arguments cannot be changed once it is there, so they are in its name.
 *
 * Classic queues with priorities, because quorum queues have none before RabbitMQ 4 and two since: messages are
 * durable and confirmed, and what a broken node loses is sent again from the database, so replicating them would buy
 * nothing.
 */
export class Topology {
  constructor(private readonly schema: string) {}

  /** `p9`: with ten priorities. */
  queue(name: string): string {
    return `celeriac.${this.schema}.${name}.p9`;
  }

  /** Where messages of the queue go that are none of ours. */
  dead(name: string): string {
    return `celeriac.${this.schema}.${name}.dead`;
  }

  /** A queue that holds nothing: as long as it is there, the broker has not lost what it held. */
  mark(epoch: string): string {
    return `celeriac.${this.schema}.epoch.${epoch}`;
  }

  async declare(channel: Channel, name: string): Promise<Replies.AssertQueue> {
    await channel.assertQueue(this.dead(name), { durable: true, maxLength: MAX_DEAD });
    return channel.assertQueue(this.queue(name), {
      durable: true,
      maxPriority: 9,
      deadLetterExchange: '',
      deadLetterRoutingKey: this.dead(name),
    });
  }

  async declareMark(channel: Channel, epoch: string): Promise<void> {
    await channel.assertQueue(this.mark(epoch), { durable: true, expires: MARK_TTL_MS });
  }
}
