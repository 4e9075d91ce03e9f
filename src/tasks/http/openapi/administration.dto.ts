import { ApiProperty } from '@nestjs/swagger';
import type { QueueStatus, WorkerStatus } from '../../control/administration.js';
import { TEXT_OR_NULL, TIME_OR_NULL } from './any-json.js';

const WHOLE_OR_NULL = { type: 'integer', nullable: true } as const;

export class WorkerStatusDto implements WorkerStatus {
  @ApiProperty({ format: 'uuid' })
  id!: string;

  @ApiProperty()
  name!: string;

  @ApiProperty()
  alive!: boolean;

  @ApiProperty({ format: 'date-time' })
  aliveSince!: string;

  @ApiProperty({ format: 'date-time' })
  leaseUntil!: string;

  @ApiProperty({ type: 'integer', description: 'How many tasks it runs.' })
  running!: number;

  @ApiProperty(TEXT_OR_NULL)
  host!: string | null;

  @ApiProperty(WHOLE_OR_NULL)
  pid!: number | null;

  @ApiProperty(WHOLE_OR_NULL)
  concurrency!: number | null;

  @ApiProperty({ type: [String] })
  queues!: string[];
}

export class WorkersDto {
  @ApiProperty({ type: () => [WorkerStatusDto] })
  items!: WorkerStatusDto[];
}

export class QueueStatusDto implements QueueStatus {
  @ApiProperty()
  name!: string;

  @ApiProperty({ ...TIME_OR_NULL, description: 'null while it is not paused.' })
  pausedAt!: string | null;

  @ApiProperty({ type: 'integer', description: 'Ready to be taken; counted up to 10,000.' })
  depth!: number;

  @ApiProperty({ type: Number, nullable: true, description: 'How long the oldest has been waiting.' })
  oldestMs!: number | null;

  @ApiProperty({ type: 'integer' })
  running!: number;

  @ApiProperty({ type: [String], description: 'Living workers that take from it.' })
  workers!: string[];
}

export class QueuesDto {
  @ApiProperty({ type: () => [QueueStatusDto] })
  items!: QueueStatusDto[];
}

export class RevokedManyDto {
  @ApiProperty({ type: 'integer', description: 'How many were ended at once.' })
  ended!: number;

  @ApiProperty({ type: 'integer', description: 'How many run, whose workers were asked to end them.' })
  asked!: number;
}

export class PurgedDto {
  @ApiProperty({ type: 'integer', description: 'How many tasks were revoked.' })
  purged!: number;
}
