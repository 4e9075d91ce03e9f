import type { TaskMessage } from '../broker.js';

/** The version of the message's form. */
const VERSION = 1;
/** Ours have about 70 bytes. */
const MAX_BYTES = 1024;
/** An int4 in the database. */
const MAX_DISPATCH = 2 ** 31 - 1;
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

export function toContent({ id, dispatch }: TaskMessage): Buffer {
  return Buffer.from(`{"v":${VERSION},"id":"${id}","dispatch":${dispatch}}`);
}

/** What a message says; undefined for one that is none of ours. */
export function readContent(content: Buffer): { id: string; dispatch: number } | undefined {
  if (content.length > MAX_BYTES) return undefined;
  try {
    const { v, id, dispatch } = JSON.parse(content.toString()) as Record<string, unknown>;
    if (v !== VERSION || typeof id !== 'string' || !UUID.test(id)) return undefined;
    if (typeof dispatch !== 'number' || !Number.isInteger(dispatch)) return undefined;
    if (dispatch < 1 || dispatch > MAX_DISPATCH) return undefined;
    return { id, dispatch };
  } catch {
    return undefined;
  }
}
