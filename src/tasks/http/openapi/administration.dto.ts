import { ApiProperty } from '@nestjs/swagger';
import type { QueueStatus } from '../../control/administration.js';
import { TIME_OR_NULL } from './any-json.js';

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

  @ApiProperty({ description: 'Tasks wait in it, and no living worker takes from it.' })
  unattended!: boolean;
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
