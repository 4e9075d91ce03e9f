import { createHash } from 'node:crypto';
import type { RecordedError } from '../store/task-record.entity.js';

export interface ErrorKind {
  readonly fingerprint: string;
  /** The first line of the message, with what differs from one failure to the next left out. */
  readonly message: string;
  /** Where in the application's code it was thrown: `MathTasks.divide (math.tasks.js)`. */
  readonly frame: string | null;
}

const MAX_MESSAGE = 300;

/** Failures of one cause have one fingerprint: the task's name, and the error's name, message and topmost frame. */
export function kindOf(name: string, error: RecordedError): ErrorKind {
  const message = normalised(error.message);
  const frame = topFrame(error.stack);
  const fingerprint = createHash('sha256')
    .update(JSON.stringify([name, error.name, message, frame]))
    .digest('hex')
    .slice(0, 16);
  return { fingerprint, message, frame };
}

function normalised(message: string): string {
  return message
    .slice(0, 2000)
    .split('\n', 1)[0]!
    .replaceAll(/[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}/gi, '<id>')
    .replaceAll(/\b[\w.+-]+@[\w-]+(\.[\w-]+)+/g, '<address>')
    .replaceAll(/\b0x[\da-f]+\b|\b(?=[\da-f]*\d)[\da-f]{12,}\b/gi, '<hex>')
    .replaceAll(/\d+(\.\d+)?/g, '<n>')
    .replaceAll(/\s+/g, ' ')
    .trim()
    .slice(0, MAX_MESSAGE);
}

/** Lines and columns move with every change of the code; the function and its file say enough. */
function topFrame(stack: string | undefined): string | null {
  const lines = stack?.split('\n').filter((line) => /^\s+at /.test(line)) ?? [];
  const own = lines.find((line) => !/node:|node_modules/.test(line));
  if (!own) return null;
  const [, called = '', place = ''] = /^\s+at (?:(.*?) \()?([^()]*)\)?$/.exec(own) ?? [];
  const file =
    place
      .replace(/(:\d+)+$/, '')
      .split(/[\\/]/)
      .at(-1) ?? '';
  return (called === '' ? file : `${called} (${file})`).slice(0, 200);
}
