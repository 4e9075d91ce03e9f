import {
  HttpException,
  HttpStatus,
  Injectable,
  type CanActivate,
  type ExecutionContext,
} from '@nestjs/common';
import { headerOf, type HttpRequest } from '../access/http-request.js';

/** A body must be JSON: Express leaves others unread, so that they would look empty. */
@Injectable()
export class JsonBodyGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const request = context.switchToHttp().getRequest<HttpRequest>();
    if (!hasBody(request) || isJson(request)) return true;
    throw new HttpException(
      { code: 'UNSUPPORTED_MEDIA_TYPE', message: 'expected a body of the type application/json' },
      HttpStatus.UNSUPPORTED_MEDIA_TYPE,
    );
  }
}

function hasBody(request: HttpRequest): boolean {
  return (
    headerOf(request, 'transfer-encoding') !== undefined ||
    Number(headerOf(request, 'content-length') ?? 0) > 0
  );
}

function isJson(request: HttpRequest): boolean {
  return /^application\/([\w.+-]+\+)?json\s*(;|$)/i.test(headerOf(request, 'content-type') ?? '');
}
