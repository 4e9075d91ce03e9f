import { Command, Option } from 'commander';
import { examine, type DoctorOptions, type Finding } from './doctor.js';

interface Flags extends DoctorOptions {
  readonly json?: boolean;
}

/** `celeriac doctor`: exits with 1 when something is wrong. */
export function doctorCommand(): Command {
  return new Command('doctor')
    .description('Checks what tasks need: database, broker, versions, migrations, clocks and packages.')
    .addOption(new Option('-d, --database <url>', 'the database of the records').env('DATABASE_URL'))
    .addOption(
      new Option('--direct-database <url>', 'the same past a transaction pooler').env('DIRECT_DATABASE_URL'),
    )
    .addOption(new Option('-b, --broker <url>', 'the broker; without it the database').env('BROKER_URL'))
    .option('-s, --schema <name>', 'the schema of the records', 'celeriac')
    .option('--json', 'answer as JSON')
    .action(async ({ json, ...options }: Flags) => {
      const findings: Finding[] = [];
      for await (const finding of examine(options)) {
        findings.push(finding);
        if (!json) process.stdout.write(lineOf(finding));
      }
      const failed = findings.filter((finding) => finding.verdict === 'failed').length;
      if (json) process.stdout.write(`${JSON.stringify({ ok: failed === 0, findings }, undefined, 2)}\n`);
      else
        process.stdout.write(
          failed === 0 ? '\nAll is well.\n' : `\n${failed} of ${findings.length} failed.\n`,
        );
      process.exitCode = failed === 0 ? 0 : 1;
    });
}

const MARKS = { ok: 'ok  ', warning: 'warn', failed: 'FAIL' } as const;

function lineOf({ verdict, what, message }: Finding): string {
  return `${MARKS[verdict]}  ${what.padEnd(11)}${message}\n`;
}
