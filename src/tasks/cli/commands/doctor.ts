import type { Command } from 'commander';
import { examine, type Finding } from '../doctor.js';
import { EXIT, type ExitCode } from '../exit-codes.js';
import type { Output } from '../globals.js';
import type { Acts } from '../program.js';
import type { Style } from '../terminal/paint.js';

export function addDoctor(program: Command, acts: Acts): void {
  const command = program
    .command('doctor')
    .description('Checks what tasks need: database, broker, versions, migrations, clocks and packages.')
    .addHelpText('after', '\nExits with 1 when something is wrong.');
  acts(command, doctor);
}

async function doctor(output: Output): Promise<ExitCode> {
  const { databaseUrl, directDatabaseUrl, broker, schema } = output.options;
  const findings: Finding[] = [];
  for await (const finding of examine({
    database: databaseUrl,
    directDatabase: directDatabaseUrl,
    broker,
    schema,
  })) {
    findings.push(finding);
    if (!output.json) output.line(lineOf(output, finding));
  }
  const failed = findings.filter((finding) => finding.verdict === 'failed').length;
  output.answer({ ok: failed === 0, findings }, () =>
    output.line(failed === 0 ? '\nAll is well.' : `\n${failed} of ${findings.length} failed.`),
  );
  return failed === 0 ? EXIT.ok : EXIT.failed;
}

const MARKS: Readonly<Record<Finding['verdict'], readonly [string, Style]>> = {
  ok: ['ok  ', 'green'],
  warning: ['warn', 'yellow'],
  failed: ['FAIL', 'red'],
};

function lineOf({ paint }: Output, { verdict, what, message }: Finding): string {
  const [mark, style] = MARKS[verdict];
  return `${paint(style, mark)}  ${what.padEnd(11)}${message}`;
}
