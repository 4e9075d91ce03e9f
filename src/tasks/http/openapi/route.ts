import { applyDecorators, type Type } from '@nestjs/common';
import { ApiOperation } from '@nestjs/swagger';

/** Describes one method of a controller. */
export function route<T>(
  controller: Type<T>,
  method: keyof T & string,
  summary: string,
  decorators: MethodDecorator[],
): void {
  const prototype = controller.prototype as object;
  const descriptor = Object.getOwnPropertyDescriptor(prototype, method)!;
  applyDecorators(ApiOperation({ summary }), ...decorators)(prototype, method, descriptor);
}
