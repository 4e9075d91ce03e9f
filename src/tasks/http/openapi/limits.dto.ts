import { ApiProperty } from '@nestjs/swagger';
import type { ChangedLimits } from '../limits.controller.js';

const OR_NULL = { type: Number, nullable: true } as const;
const CODE = 'null: as the code says.';

export class ChangedLimitsDto implements ChangedLimits {
  @ApiProperty({ example: 'images.thumbnail' })
  task!: string;

  @ApiProperty({ ...OR_NULL, description: `Starts a second, across all workers; 0: any number; ${CODE}` })
  rate!: number | null;

  @ApiProperty({ ...OR_NULL, description: 'How many may start at once.' })
  burst!: number | null;

  @ApiProperty({ ...OR_NULL, description: `0: none; ${CODE}` })
  softTimeLimitMs!: number | null;

  @ApiProperty({ ...OR_NULL, description: `0: none; ${CODE}` })
  timeLimitMs!: number | null;
}

export class ChangedLimitsPageDto {
  @ApiProperty({ type: () => [ChangedLimitsDto], description: 'Tasks of which something is changed.' })
  items!: ChangedLimitsDto[];
}

export class RateRequestDto {
  @ApiProperty({
    required: false,
    nullable: true,
    oneOf: [{ type: 'string' }, { type: 'number' }],
    example: '10/m',
    description: `How often it may start, or a number a second; 0: any number; ${CODE}`,
  })
  rate?: string | number | null;

  @ApiProperty({ type: 'integer', required: false, nullable: true, minimum: 1 })
  burst?: number | null;
}

export class TimeLimitsRequestDto {
  @ApiProperty({
    required: false,
    nullable: true,
    oneOf: [{ type: 'string' }, { type: 'number' }],
    example: '20s',
    description: `A duration, or milliseconds; 0: none; ${CODE}`,
  })
  soft?: string | number | null;

  @ApiProperty({
    required: false,
    nullable: true,
    oneOf: [{ type: 'string' }, { type: 'number' }],
    example: '30s',
  })
  hard?: string | number | null;
}
