import type { Answers } from '../control/remote/remote-control.js';
import { EXIT, type ExitCode } from './exit-codes.js';
import type { Output } from './globals.js';

/** What each worker answered, and who did not. */
export function showAnswers(output: Output, { replies, missing }: Answers<unknown>): ExitCode {
  output.answer({ replies, missing }, () => {
    for (const reply of replies) {
      const mark = reply.ok ? output.paint('green', 'OK') : output.paint('red', 'refused');
      output.line(`${output.paint('bold', reply.worker)}: ${mark}`);
      if (reply.ok) showValue(output, reply.value);
      else output.line(`  ${reply.error.message}`);
    }
    for (const { name } of missing)
      output.line(`${output.paint('bold', name)}: ${output.paint('yellow', 'did not answer in time')}`);
    if (replies.length + missing.length === 0) output.note('no worker lives');
  });
  if (replies.some((reply) => !reply.ok)) return EXIT.failed;
  return missing.length > 0 || replies.length === 0 ? EXIT.timeout : EXIT.ok;
}

function showValue(output: Output, value: unknown): void {
  if (value === null) return;
  if (typeof value === 'string') return indent(output, value.split('\n'));
  if (!Array.isArray(value)) return indent(output, isObject(value) ? pairs(value) : [JSON.stringify(value)]);
  if (value.length === 0) return indent(output, ['- none -']);
  if (!value.every(isObject))
    return indent(
      output,
      value.map((item) => `- ${text(item)}`),
    );
  const names = Object.keys(value[0]!);
  output.table(
    ['', ...names].map((title) => ({ title: title.toUpperCase(), shrinks: title === 'name' })),
    value.map((item) => ['', ...names.map((name) => text(item[name]))]),
  );
}

function pairs(value: Record<string, unknown>): string[] {
  const width = Math.max(0, ...Object.keys(value).map((name) => name.length));
  return Object.entries(value).map(([name, item]) => `${name.padEnd(width)}  ${text(item)}`);
}

function indent(output: Output, lines: readonly string[]): void {
  for (const line of lines) output.line(`  ${line}`);
}

const text = (value: unknown) => (typeof value === 'string' ? value : JSON.stringify(value));
const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
