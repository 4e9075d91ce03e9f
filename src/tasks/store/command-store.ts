import { v7 as uuidv7 } from 'uuid';
import type { Database } from './database.js';
import {
  dropCommand,
  dueLater,
  livingWorkers,
  openCommands,
  repliesTo,
  replyToCommand,
  sendCommand,
} from './statements/commands.js';
import { noteAction } from './statements/purge.js';
import type { TaskState } from './states.js';
import type { Tables } from './tables.js';

export interface LivingWorker {
  readonly id: string;
  readonly name: string;
}

/** A task that is not due yet. */
export interface ScheduledTask {
  readonly id: string;
  readonly name: string;
  readonly queue: string;
  readonly state: TaskState;
  readonly priority: number;
  /** ISO 8601 in UTC. */
  readonly dueAt: string;
}

/** Something a worker is told or asked. */
export interface Command {
  readonly id: string;
  readonly name: string;
  readonly params: Readonly<Record<string, unknown>>;
}

export interface CommandReply {
  /** The worker's id. */
  readonly worker: string;
  readonly value: unknown;
  readonly error: { readonly code: string; readonly message: string } | null;
}

/** What workers are told and asked, and what they answer: rows, so that it works with every broker and any length. */
export class CommandStore {
  private readonly statements;

  constructor(
    private readonly database: Database,
    tables: Tables,
  ) {
    this.statements = {
      living: livingWorkers(tables),
      later: dueLater(tables),
      send: sendCommand(tables),
      open: openCommands(tables),
      reply: replyToCommand(tables),
      replies: repliesTo(tables),
      drop: dropCommand(tables),
      note: noteAction(tables),
    };
  }

  /** By name. */
  living(): Promise<LivingWorker[]> {
    return this.database.run<LivingWorker & object>(this.statements.living, []);
  }

  /** @returns its id */
  async send(
    command: Omit<Command, 'id'>,
    workers: readonly LivingWorker[],
    { ms, by }: { ms: number; by: string | null },
  ): Promise<string> {
    const id = uuidv7();
    const { name, params } = command;
    const ids = workers.map((worker) => worker.id);
    await this.database.run(this.statements.send, [id, ms, by, name, JSON.stringify(params), ids]);
    return id;
  }

  /** Keeps who did it. */
  async note(by: string | null, action: string, detail: object): Promise<void> {
    await this.database.run(this.statements.note, [by, action, JSON.stringify(detail)]);
  }

  openFor(workerId: string): Promise<Command[]> {
    return this.database.run<Command & object>(this.statements.open, [workerId]);
  }

  async reply(
    commandId: string,
    workerId: string,
    reply: Pick<CommandReply, 'value' | 'error'>,
  ): Promise<void> {
    const values = [reply.value ?? null, reply.error].map((value) =>
      value === null ? null : JSON.stringify(value),
    );
    await this.database.run(this.statements.reply, [commandId, workerId, ...values]);
  }

  replies(commandId: string): Promise<CommandReply[]> {
    return this.database.run<CommandReply & object>(this.statements.replies, [commandId]);
  }

  /** Tasks that are delayed or wait for a retry, the next first. */
  scheduled(limit: number): Promise<ScheduledTask[]> {
    return this.database.run<ScheduledTask & object>(this.statements.later, [limit]);
  }

  async drop(commandId: string): Promise<void> {
    await this.database.run(this.statements.drop, [commandId]);
  }
}
