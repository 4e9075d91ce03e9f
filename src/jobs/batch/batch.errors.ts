import { HttpException } from '@nestjs/common';

/** A request that is refused, in the shape of every error of this application. Values given are never echoed. */
export class RefusedError extends HttpException {
  constructor(
    statusCode: number,
    readonly code: string,
    message: string,
    /** Where the mistake is: `paths[3]`. */
    path?: string,
  ) {
    super(
      path === undefined ? { statusCode, code, message } : { statusCode, code, message, path },
      statusCode,
    );
  }
}

/** A file that cannot be analysed; it becomes that file's entry in the report, and the batch goes on. */
export class FileError extends Error {
  constructor(
    readonly code: string,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

const MESSAGES: Record<string, [code: string, message: string]> = {
  ENOENT: ['FILE_NOT_FOUND', 'no file has this name: check the spelling, capitals included'],
  ENOTDIR: ['FILE_NOT_FOUND', 'a part of this path is a file and not a folder'],
  EACCES: ['FILE_NOT_READABLE', 'the worker may not read this file: give its user the right to'],
  EPERM: ['FILE_NOT_READABLE', 'the worker may not read this file: give its user the right to'],
  ELOOP: ['NOT_A_FILE', 'this is a link that leads nowhere, or changed while it was opened'],
  ENXIO: ['NOT_A_FILE', 'expected a regular file, got a pipe, socket or device'],
  EISDIR: ['NOT_A_FILE', 'expected a regular file, got a folder: name the files in it'],
  ENAMETOOLONG: ['INVALID_PATH', 'this path is longer than the file system allows'],
};

/** An error of the file system without the absolute paths of this machine that Node's message has. */
export function toFileError(error: unknown): FileError {
  if (error instanceof FileError) return error;
  const systemCode = (error as NodeJS.ErrnoException | undefined)?.code;
  const [code, message] = (systemCode !== undefined && MESSAGES[systemCode]) || [
    'ANALYSIS_FAILED',
    `the file could not be read to its end${systemCode === undefined ? '' : ` (${systemCode})`}`,
  ];
  return new FileError(code, message, { cause: error });
}
