import { fork, type ChildProcess } from 'node:child_process';
import { EventEmitter } from 'node:events';
import { Worker as Thread } from 'node:worker_threads';
import type { IsolatedMessage, IsolatedOrder } from './isolated-messages.js';
import { execArgvFor, type ThreadData } from './role.js';

/** Where a task with the option `isolate` runs. */
export type IsolateKind = 'process' | 'thread';

interface IsolateEvents {
  message: [IsolatedMessage];
  /** It has ended, which is told once; for people. */
  exit: [how: string];
}

/** A thread or a process that has the application loaded, and runs one task at a time. */
export abstract class Isolate extends EventEmitter<IsolateEvents> {
  /** Whether it has the application loaded. */
  isReady = false;

  static start(kind: IsolateKind, entry: string): Isolate {
    return kind === 'thread' ? new ThreadIsolate(entry) : new ProcessIsolate(entry);
  }

  abstract tell(order: IsolatedOrder): void;
  /** Ends it, whatever it does. */
  abstract kill(): void;
}

class ThreadIsolate extends Isolate {
  private readonly thread: Thread;

  constructor(entry: string) {
    super();
    this.thread = new Thread(entry, {
      argv: process.argv.slice(2),
      workerData: { celeriac: 'isolated' } satisfies ThreadData,
    });
    let reason: Error | undefined;
    this.thread.on('message', (message: IsolatedMessage) => this.emit('message', message));
    this.thread.on('error', (error) => (reason = error));
    this.thread.once('exit', (code) =>
      this.emit(
        'exit',
        reason ? `its thread died: ${reason.message}` : `its thread ended with exit code ${code}`,
      ),
    );
  }

  override tell(order: IsolatedOrder): void {
    this.thread.postMessage(order);
  }

  override kill(): void {
    void this.thread.terminate();
  }
}

class ProcessIsolate extends Isolate {
  private readonly process: ChildProcess;

  constructor(entry: string) {
    super();
    this.process = fork(entry, process.argv.slice(2), {
      execArgv: execArgvFor('isolated'),
      serialization: 'advanced',
    });
    this.process.on('message', (message: IsolatedMessage) => this.emit('message', message));
    // one that could not be started does not end either
    this.process.on('error', (error) => {
      if (this.process.pid === undefined)
        this.emit('exit', `its process could not be started: ${error.message}`);
    });
    this.process.once('exit', (code, signal) =>
      this.emit(
        'exit',
        signal ? `its process was killed by ${signal}` : `its process ended with exit code ${code}`,
      ),
    );
  }

  override tell(order: IsolatedOrder): void {
    if (this.process.connected) this.process.send(order, () => undefined);
  }

  override kill(): void {
    this.process.kill('SIGKILL');
  }
}
