import { Logger } from '@nestjs/common';
import { CeleriacError } from '../../errors.js';
import type { Command, CommandReply, CommandStore } from '../../store/command-store.js';
import type { TaskChannel } from '../../store/task-channel.js';
import { Periodic } from '../periodic.js';
import { HANDLERS, type Commanded } from './command-handlers.js';
import { COMMANDS_SENT, answered } from './signals.js';

/** Without notifications commands are looked for this often; with them, what was missed is found this late. */
const DEAF_POLL_MS = 1000;
const POLL_MS = 5000;

export interface CommandListenerOptions extends Commanded {
  readonly commands: CommandStore;
  readonly channel: TaskChannel;
  /** A command was carried out: what the worker says of itself may have changed. */
  onDone(): void;
}

type Reply = Pick<CommandReply, 'value' | 'error'>;

/** Carries out what a worker is told and answers what it is asked, each once. */
export class CommandListener {
  private readonly logger = new Logger('Tasks');
  private readonly periodic: Periodic;
  /** What came of each, should its reply have to be written again: nothing grows twice. */
  private readonly outcomes = new Map<string, Promise<Reply>>();
  /** Answers on their way, with the ids of their commands. */
  private readonly answering = new Map<Promise<void>, string>();
  private readonly onSignal = (name: string) => {
    if (name === COMMANDS_SENT) this.periodic.wake();
  };

  constructor(private readonly options: CommandListenerOptions) {
    this.periodic = new Periodic('commands are not looked for', POLL_MS, () => this.round());
  }

  start(): void {
    this.options.channel.on('signalled', this.onSignal);
    this.periodic.start();
  }

  /** Answers first what it is at. */
  async stop(): Promise<void> {
    this.options.channel.off('signalled', this.onSignal);
    await this.periodic.stop();
    await Promise.all(this.answering.keys());
  }

  private async round(): Promise<number> {
    const { commands, channel, controls } = this.options;
    const busy = new Set(this.answering.values());
    const over = [...this.outcomes.keys()].filter((id) => !busy.has(id));
    const open = await commands.openFor(controls.id);
    for (const id of over) if (!open.some((command) => command.id === id)) this.outcomes.delete(id);
    for (const command of open) {
      // not awaited: a pool that restarts must not keep a ping waiting
      const answer = this.answer(command).catch((error: unknown) =>
        this.logger.warn(`${command.name} was not answered: ${(error as Error).message}`),
      );
      this.answering.set(answer, command.id);
      void answer.finally(() => this.answering.delete(answer));
    }
    return channel.connected ? POLL_MS : DEAF_POLL_MS;
  }

  private async answer(command: Command): Promise<void> {
    const { commands, channel, controls } = this.options;
    const workerId = controls.id;
    let outcome = this.outcomes.get(command.id);
    if (!outcome) this.outcomes.set(command.id, (outcome = this.perform(command)));
    await commands.reply(command.id, workerId, await outcome);
    await channel.signal(answered(command.id));
  }

  private async perform({ name, params }: Command): Promise<Reply> {
    try {
      const handler = Object.hasOwn(HANDLERS, name)
        ? (HANDLERS as Record<string, (worker: Commanded, params: unknown) => unknown>)[name]
        : undefined;
      if (!handler) return refused('UNKNOWN_COMMAND', `this worker's version does not know '${name}'`);
      const value = await handler(this.options, params);
      this.options.onDone();
      return { value, error: null };
    } catch (error) {
      if (error instanceof CeleriacError) return refused(error.code, error.message);
      this.logger.error(
        `${name}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`,
      );
      return refused('INTERNAL_ERROR', 'it failed; the reason is in the log of the worker');
    }
  }
}

const refused = (code: string, message: string) => ({ value: null, error: { code, message } });
