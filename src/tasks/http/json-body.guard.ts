import {
  HttpException,
  HttpStatus,
  Injectable,
  type CanActivate,
  type ExecutionContext,
} from '@nestjs/common';
import type { HttpRequest } from './access.guard.js';

/** Only JSON is taken: Express leaves other bodies unread, so that they would look empty. */
@Injectable()
export class JsonBodyGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const { headers } = context.switchToHttp().getRequest<HttpRequest>();
    const type = String(headers['content-type'] ?? '');
    if (/^application\/([\w.+-]+\+)?json\s*(;|$)/i.test(type)) return true;
    throw new HttpException(
      { code: 'UNSUPPORTED_MEDIA_TYPE', message: 'expected a body of the type application/json' },
      HttpStatus.UNSUPPORTED_MEDIA_TYPE,
    );
  }
}
