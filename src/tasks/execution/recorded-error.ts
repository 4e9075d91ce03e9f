import { isNativeError } from 'node:util/types';
import { HttpException } from '@nestjs/common';
import type { RecordedError } from '../store/task-record.entity.js';

const MAX_MESSAGE = 8 * 1024;
const MAX_STACK = 16 * 1024;

/** Whatever was thrown, as something that can be stored and read: never throws, never grows beyond bounds. */
export function recordError(thrown: unknown): RecordedError {
  try {
    if (isError(thrown)) return fromError(thrown);
    if (typeof thrown === 'object' && thrown !== null) {
      const { name, message } = thrown as { name?: unknown; message?: unknown };
      return {
        name: typeof name === 'string' ? clean(name, 200) : 'NonError',
        message: clean(
          typeof message === 'string' ? message : (JSON.stringify(thrown) ?? 'an object'),
          MAX_MESSAGE,
        ),
      };
    }
    return { name: 'NonError', message: clean(String(thrown), MAX_MESSAGE) };
  } catch {
    // a proxy or a getter that throws
    return { name: 'NonError', message: 'something was thrown that cannot be read' };
  }
}

/** Also errors of another realm, such as Node's own inside a test runner's sandbox. */
export function isError(thrown: unknown): thrown is Error {
  return thrown instanceof Error || isNativeError(thrown);
}

function fromError(error: Error): RecordedError {
  const recorded: RecordedError = {
    name: clean(nameOf(error), 200),
    message: clean(messageOf(error), MAX_MESSAGE),
  };
  const { code } = error as { code?: unknown };
  if (typeof code === 'string') recorded.code = clean(code, 200);
  if (typeof error.stack === 'string') recorded.stack = clean(error.stack, MAX_STACK);
  return recorded;
}

/** Most classes of errors do not set `name`: then that of the class says more than 'Error'. */
function nameOf(error: Error): string {
  const { name } = error.constructor as { name?: unknown };
  return error.name === 'Error' && typeof name === 'string' && name !== '' ? name : error.name;
}

/** Nest's HttpException keeps the details of a validation in its response. */
function messageOf(error: Error): string {
  if (!(error instanceof HttpException)) return error.message;
  const response = error.getResponse();
  if (typeof response === 'string') return response;
  const { message } = response as { message?: unknown };
  return Array.isArray(message) ? message.join('; ') : typeof message === 'string' ? message : error.message;
}

/** Postgres can store neither NUL nor lone surrogates. */
function clean(text: string, max: number): string {
  const cut = text.length > max ? `${text.slice(0, max)}… (${text.length} characters)` : text;
  return cut.replaceAll('\0', '\uFFFD').toWellFormed();
}
