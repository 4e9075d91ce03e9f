import { Column, Entity, PrimaryColumn } from 'typeorm';

/** A worker process: alive while its lease is in the future by the database's clock. */
@Entity({ name: 'worker', synchronize: false })
export class WorkerRow {
  @PrimaryColumn({ type: 'uuid' }) id!: string;
  @Column({ type: 'text' }) name!: string;
  @Column({ name: 'alive_since', type: 'timestamptz' }) aliveSince!: Date;
  @Column({ name: 'lease_until', type: 'timestamptz' }) leaseUntil!: Date;
  @Column({ name: 'dead_at', type: 'timestamptz', nullable: true }) deadAt!: Date | null;
  @Column({ type: 'jsonb' }) info!: Record<string, unknown>;
}
