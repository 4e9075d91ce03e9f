import { applyDecorators, type Type } from '@nestjs/common';
import { ApiOperation } from '@nestjs/swagger';

/** Describes one method of a controller for OpenAPI, apart from its code. @param summary one line */
export function documentRoute<T>(
  controller: Type<T>,
  method: keyof T & string,
  summary: string,
  decorators: MethodDecorator[],
): void {
  const prototype = controller.prototype as object;
  const descriptor = Object.getOwnPropertyDescriptor(prototype, method)!;
  applyDecorators(ApiOperation({ summary }), ...decorators)(prototype, method, descriptor);
}
