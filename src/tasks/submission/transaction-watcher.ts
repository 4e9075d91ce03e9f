import type {
  DataSource,
  EntityManager,
  EntitySubscriberInterface,
  QueryRunner,
  TransactionCommitEvent,
  TransactionRollbackEvent,
} from 'typeorm';
import { InvalidOptionError } from '../errors.js';

/** As much of a query runner as a submission in a caller's transaction takes. */
export interface TransactionRunner {
  readonly isTransactionActive: boolean;
  query(text: string, values: unknown[]): Promise<unknown>;
}

export interface Transactions {
  /** @throws InvalidOptionError when the manager is in none */
  runnerOf(manager: EntityManager): TransactionRunner;
  afterCommit(runner: TransactionRunner, action: () => void): void;
}

/** Does what must wait until a caller's transaction has committed. */
export class TransactionWatcher implements Transactions {
  private readonly pending = new WeakMap<TransactionRunner, (() => void)[]>();

  constructor(private readonly dataSource: DataSource) {
    dataSource.subscribers.push(new AfterTransaction(this.pending));
  }

  /**
   * The query runner of the transaction that the manager works in.
   * @throws InvalidOptionError when there is none, or when it belongs to another database.
   */
  runnerOf(manager: EntityManager): QueryRunner {
    const given = manager as Partial<EntityManager> | undefined;
    const source = given?.dataSource;
    if (source !== this.dataSource)
      throw new InvalidOptionError(
        'manager',
        'an EntityManager of the DataSource that TasksModule uses',
        source ? 'one of another DataSource' : manager,
      );
    const runner = given?.queryRunner;
    if (!runner?.isTransactionActive)
      throw new InvalidOptionError(
        'manager',
        'the EntityManager of an open transaction, as dataSource.transaction() passes it',
        'one without',
      );
    return runner;
  }

  afterCommit(runner: TransactionRunner, action: () => void): void {
    const actions = this.pending.get(runner);
    if (actions) actions.push(action);
    else this.pending.set(runner, [action]);
  }
}

class AfterTransaction implements EntitySubscriberInterface {
  constructor(private readonly pending: WeakMap<TransactionRunner, (() => void)[]>) {}

  /** Also fires when a savepoint is released: then the transaction is still open. */
  afterTransactionCommit({ queryRunner }: TransactionCommitEvent): void {
    if (queryRunner.isTransactionActive) return;
    const actions = this.pending.get(queryRunner);
    this.pending.delete(queryRunner);
    for (const action of actions ?? []) action();
  }

  /** Rows of a rolled back savepoint are announced with the rest: their claims find nothing. */
  afterTransactionRollback({ queryRunner }: TransactionRollbackEvent): void {
    if (!queryRunner.isTransactionActive) this.pending.delete(queryRunner);
  }
}
