import { Command } from 'commander';
import { doctorCommand } from './doctor.command.js';

/** `npx celeriac`. */
export function createProgram(): Command {
  return new Command('celeriac')
    .description('Background tasks for NestJS: looks after what runs.')
    .showHelpAfterError('(celeriac --help tells what there is)')
    .addCommand(doctorCommand());
}
