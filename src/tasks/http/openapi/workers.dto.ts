import { ApiProperty } from '@nestjs/swagger';
import type { WorkerDetail, WorkerStatus } from '../../control/worker-list.js';
import type { RegisteredTask } from '../../definition/registered-tasks.js';
import type { WorkerAnswer } from '../workers.controller.js';
import { ANY_JSON, TEXT_OR_NULL, TIME_OR_NULL } from './any-json.js';

const WHOLE_OR_NULL = { type: 'integer', nullable: true } as const;
const NUMBER_OR_NULL = { type: Number, nullable: true } as const;

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

  @ApiProperty(TEXT_OR_NULL)
  host!: string | null;

  @ApiProperty(WHOLE_OR_NULL)
  pid!: number | null;

  @ApiProperty({ description: 'Whether it shares its process with the application.' })
  inline!: boolean;

  @ApiProperty({ ...TEXT_OR_NULL, description: 'Of Node.' })
  version!: string | null;

  @ApiProperty({ ...TEXT_OR_NULL, description: 'The version of the library.' })
  celeriac!: string | null;

  @ApiProperty({ ...TEXT_OR_NULL, example: 'async' })
  pool!: string | null;

  @ApiProperty({ ...TEXT_OR_NULL, example: 'postgres' })
  broker!: string | null;

  @ApiProperty({ ...WHOLE_OR_NULL, description: 'How many tasks it runs at once.' })
  concurrency!: number | null;

  @ApiProperty({ type: 'integer', description: 'How many tasks it runs.' })
  running!: number;

  @ApiProperty({ type: 'integer', description: 'Handlers that have ended since its start, however.' })
  processed!: number;

  @ApiProperty({ type: 'integer', description: 'Tasks that have failed for good.' })
  failures!: number;

  @ApiProperty({ type: [String] })
  queues!: string[];

  @ApiProperty({ description: 'Whether it takes from queues that are new, too.' })
  all!: boolean;

  @ApiProperty({ description: 'Whether it was told to take nothing.' })
  paused!: boolean;

  @ApiProperty({ ...NUMBER_OR_NULL, description: 'Of its machine, in the last minute.' })
  load!: number | null;

  @ApiProperty({ ...NUMBER_OR_NULL, description: 'In bytes (resident).' })
  memory!: number | null;

  @ApiProperty({
    ...NUMBER_OR_NULL,
    description: 'How long its event loop was blocked at most between its last two reports, in milliseconds.',
  })
  eventLoopLagMs!: number | null;

  @ApiProperty({ ...TIME_OR_NULL, description: 'When it last said so.' })
  reportedAt!: string | null;
}

export class WorkersDto {
  @ApiProperty({ type: () => [WorkerStatusDto] })
  items!: WorkerStatusDto[];
}

export class WorkerTaskDto implements RegisteredTask {
  @ApiProperty({ example: 'images.thumbnail' })
  name!: string;

  @ApiProperty()
  queue!: string;

  @ApiProperty({ description: 'Whether limits or a unique key hold for it.' })
  limited!: boolean;
}

export class WorkerDetailDto extends WorkerStatusDto implements WorkerDetail {
  @ApiProperty({ type: () => [WorkerTaskDto], description: 'What it has the code of.' })
  tasks!: WorkerTaskDto[];
}

export class WorkerAnswerDto implements WorkerAnswer {
  @ApiProperty({ description: 'Its name.' })
  worker!: string;

  @ApiProperty({ ...ANY_JSON, description: 'What it answered, or null for done.' })
  value!: unknown;
}

export class PoolSizeRequestDto {
  @ApiProperty({ type: 'integer', minimum: 1, maximum: 10_000, default: 1, required: false })
  n?: number;
}

export class AutoscaleRequestDto {
  @ApiProperty({ type: 'integer', minimum: 1, maximum: 10_000 })
  max!: number;

  @ApiProperty({ type: 'integer', minimum: 0, maximum: 10_000 })
  min!: number;
}

export class QueueRequestDto {
  @ApiProperty({ example: 'images' })
  queue!: string;
}
