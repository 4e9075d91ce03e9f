import { ApiProperty } from '@nestjs/swagger';
import type { JsonSchema, TaskSchema } from '../../definition/validation/json-schema.js';

/** JSON Schema 2020-12. */
const JSON_SCHEMA = { type: 'object', additionalProperties: true } as const;

export class RegisteredArgumentDto {
  @ApiProperty({
    type: 'string',
    nullable: true,
    example: 'x',
    description: "The parameter's name in the source; null where it is taken apart.",
  })
  name!: string | null;

  @ApiProperty()
  required!: boolean;

  @ApiProperty({ ...JSON_SCHEMA, description: 'JSON Schema 2020-12; empty where anything goes.' })
  schema!: JsonSchema;
}

export class RegisteredTaskDto implements TaskSchema {
  @ApiProperty({ example: 'math.add' })
  name!: string;

  @ApiProperty({ example: 'default', description: 'Where it waits, unless a submission names another.' })
  queue!: string;

  @ApiProperty({ type: 'integer', minimum: 0, maximum: 9 })
  priority!: number;

  @ApiProperty({ enum: [true] })
  http!: boolean;

  @ApiProperty({ type: () => [RegisteredArgumentDto], description: 'In their order.' })
  args!: RegisteredArgumentDto[];

  @ApiProperty({ ...JSON_SCHEMA, description: 'Of the result; empty where it is not declared.' })
  result!: JsonSchema;
}

export class RegisteredTasksDto {
  @ApiProperty({ type: () => [RegisteredTaskDto], description: 'Sorted by name.' })
  items!: RegisteredTaskDto[];
}
