import { Column, Entity, PrimaryColumn } from 'typeorm';

/** What an operator did to a task, and who it was. */
@Entity({ name: 'audit', synchronize: false })
export class AuditEntry {
  @PrimaryColumn({ type: 'bigint' }) id!: string;
  @Column({ type: 'timestamptz' }) at!: Date;
  @Column({ type: 'text', nullable: true }) by!: string | null;
  @Column({ type: 'text' }) action!: string;
  @Column({ name: 'task_id', type: 'uuid', nullable: true }) taskId!: string | null;
  @Column({ type: 'jsonb', nullable: true }) detail!: unknown;
}
