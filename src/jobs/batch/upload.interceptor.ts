import {
  type CallHandler,
  type ExecutionContext,
  HttpException,
  Injectable,
  type NestInterceptor,
} from '@nestjs/common';
import { FilesInterceptor } from '@nestjs/platform-express';
import type { Request } from 'express';
import multer, { diskStorage, MulterError } from 'multer';
import type { Readable, Writable } from 'node:stream';
import type { Observable } from 'rxjs';
import { RefusedError } from './batch.errors.js';
import { BatchSettings } from './batch.options.js';
import { UploadsStore } from './uploads.store.js';

/** An option of multer that its types do not know yet: how a request gets to its parser. */
type UploadOptions = multer.Options & { streamHandler: (request: Readable, parser: Writable) => void };

/** The form field that the files are in. */
const FIELD = 'files';

/** Streams the files of a multipart request to disk, and refuses one that is over a limit. What is refused leaves no file. */
@Injectable()
export class UploadInterceptor implements NestInterceptor {
  private readonly files: NestInterceptor;

  constructor(
    private readonly settings: BatchSettings,
    uploads: UploadsStore,
  ) {
    this.files = new (FilesInterceptor(FIELD))(multerOptions(settings, uploads));
  }

  async intercept(context: ExecutionContext, next: CallHandler): Promise<Observable<unknown>> {
    const request = context.switchToHttp().getRequest<Request>();
    if (!request.is('multipart/form-data')) return next.handle();
    // refused before anything is written to disk; a request that does not say its length is counted as it comes in
    if (Number(request.headers['content-length'] ?? 0) > this.settings.maxUploadBytes)
      throw tooLarge(this.settings);
    try {
      return await this.files.intercept(context, next);
    } catch (error) {
      throw this.explain(error);
    }
  }

  private explain(error: unknown): unknown {
    if (!(error instanceof HttpException)) return error;
    const code = error.cause instanceof MulterError ? error.cause.code : undefined;
    if (code === 'LIMIT_FILE_SIZE') return tooLarge(this.settings);
    if (code === 'LIMIT_FILE_COUNT') {
      const { maxFiles } = this.settings;
      return new RefusedError(
        413,
        'TOO_MANY_FILES',
        `expected at most ${maxFiles} files: send several batches`,
        FIELD,
      );
    }
    if (code === 'LIMIT_UNEXPECTED_FILE')
      return new RefusedError(400, 'UNKNOWN_PROPERTY', `expected files only in the form field '${FIELD}'`);
    return new RefusedError(
      400,
      'INVALID_MULTIPART',
      `expected multipart/form-data with files in the form field '${FIELD}' and at most the field 'topWords' beside it`,
    );
  }
}

function tooLarge({ maxUploadBytes }: BatchSettings): RefusedError {
  return new RefusedError(
    413,
    'UPLOAD_TOO_LARGE',
    `expected at most ${maxUploadBytes} bytes in one request: send several batches, or put the files into the configured folder and send their paths`,
  );
}

function multerOptions(
  { uploads: destination, maxFiles, maxUploadBytes }: BatchSettings,
  uploads: UploadsStore,
): UploadOptions {
  return {
    storage: diskStorage({ destination, filename: (_request, _file, done) => done(null, uploads.newId()) }),
    limits: {
      files: maxFiles,
      fileSize: maxUploadBytes,
      fields: 2,
      fieldSize: 1_000,
      fieldNameSize: 100,
      parts: maxFiles + 2,
    },
    // browsers send names in UTF-8
    defParamCharset: 'utf8',
    streamHandler: (request, parser) => {
      // multer limits each file, not all of them together
      let received = 0;
      request.on('data', (piece: Buffer) => {
        received += piece.length;
        if (received > maxUploadBytes) parser.destroy(new MulterError('LIMIT_FILE_SIZE'));
      });
      request.pipe(parser);
    },
  };
}
