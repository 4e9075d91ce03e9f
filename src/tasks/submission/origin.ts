import { TaskContext } from '../definition/task-context.js';
import { assertTexts, type Texts } from '../definition/texts.js';
import type { ResolvedTasksOptions } from '../tasks.options.js';
import { NO_ORIGIN, type Origin } from './submit-options.js';

type Context = ResolvedTasksOptions['context'];

/**
 * The task or the request that submits.
 * @throws InvalidOptionError when the application's context cannot be carried along
 */
export function originOf(context: Context, clientHeaders: Texts | undefined): Origin {
  const parent = TaskContext.current();
  const captured = capturedBy(context);
  if (!parent)
    return captured || clientHeaders ? { ...NO_ORIGIN, headers: captured, clientHeaders } : NO_ORIGIN;
  return {
    parentId: parent.id,
    rootId: parent.rootId ?? parent.id,
    headers: captured ? { ...parent.headers, ...captured } : parent.headers,
    clientHeaders,
  };
}

/** Without what the application's context does not have here. */
function capturedBy(context: Context): Texts | undefined {
  const captured = context.capture?.();
  if (!captured) return undefined;
  const known = Object.fromEntries(Object.entries(captured).filter(([, value]) => value !== undefined));
  return Object.keys(known).length > 0 ? assertTexts(known, 'context.capture.headers') : undefined;
}
