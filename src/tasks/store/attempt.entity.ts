import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { AttemptOutcome } from './states.js';
import type { RecordedError } from './task-record.entity.js';

/** An attempt that did not end well. The happy path writes none. */
@Entity({ name: 'attempt', synchronize: false })
export class Attempt {
  @PrimaryColumn({ name: 'task_id', type: 'uuid' }) taskId!: string;
  /** The execution's number: every time a task is given out anew it grows by one. */
  @PrimaryColumn({ type: 'integer' }) dispatch!: number;
  @Column({ type: 'smallint' }) attempt!: number;
  @Column({ name: 'worker_id', type: 'uuid', nullable: true }) workerId!: string | null;
  @Column({ name: 'started_at', type: 'timestamptz', nullable: true }) startedAt!: Date | null;
  @Column({ name: 'ended_at', type: 'timestamptz' }) endedAt!: Date;
  @Column({ type: 'text' }) outcome!: AttemptOutcome;
  @Column({ type: 'jsonb', nullable: true }) error!: RecordedError | null;
}
