import type { Command } from 'commander';
import { Argument } from 'commander';
import type { Output } from '../globals.js';
import type { Acts } from '../program.js';

const SHELLS = ['bash', 'zsh', 'fish'] as const;
type Shell = (typeof SHELLS)[number];

export function addCompletion(program: Command, acts: Acts): void {
  const command = program
    .command('completion')
    .description('Prints what makes the shell complete commands and options.')
    .addArgument(new Argument('<shell>').choices(SHELLS))
    .addHelpText(
      'after',
      `
  bash:  celeriac completion bash >> ~/.bashrc
  zsh:   celeriac completion zsh >> ~/.zshrc
  fish:  celeriac completion fish > ~/.config/fish/completions/celeriac.fish`,
    );
  acts(command, async (output: Output, shell: Shell) => {
    output.io.out(shell === 'fish' ? fish(program) : bash(program, shell));
  });
}

interface Place {
  /** The words before it, with a space between. */
  readonly path: string;
  readonly words: readonly string[];
}

/** Every command with what may come next. */
function places(command: Command, path = ''): Place[] {
  const options = command.options.flatMap(({ short, long }) =>
    [short, long].filter((name) => name !== undefined),
  );
  const names = command.commands.map((child) => child.name());
  const below = command.commands.flatMap((child) => places(child, `${path} ${child.name()}`.trim()));
  return [{ path, words: [...names, ...options, '--help'] }, ...below];
}

/** The longest known beginning of the line decides; zsh takes bash's by bashcompinit. */
function bash(program: Command, shell: Shell): string {
  const cases = places(program)
    .toReversed()
    .map(({ path, words }) => `    "${path}"${path === '' ? '' : '*'}) words="${words.join(' ')}" ;;`);
  return `${shell === 'zsh' ? 'autoload -U +X bashcompinit && bashcompinit\n' : ''}_celeriac() {
  local line="\${COMP_WORDS[*]:1:COMP_CWORD-1}" words
  case "$line" in
${cases.join('\n')}
    *) words="" ;;
  esac
  COMPREPLY=($(compgen -W "$words" -- "\${COMP_WORDS[COMP_CWORD]}"))
}
complete -o default -F _celeriac celeriac
`;
}

function fish(program: Command): string {
  const lines = ['complete -c celeriac -f'];
  const quoted = (text: string) => `'${text.replaceAll("'", "\\'")}'`;
  for (const command of program.commands) {
    lines.push(
      `complete -c celeriac -n __fish_use_subcommand -a ${command.name()} -d ${quoted(command.description())}`,
    );
    const within = `-n '__fish_seen_subcommand_from ${command.name()}'`;
    for (const child of command.commands)
      lines.push(`complete -c celeriac ${within} -a ${child.name()} -d ${quoted(child.description())}`);
    for (const { long, description } of [...command.options, ...program.options])
      if (long) lines.push(`complete -c celeriac ${within} -l ${long.slice(2)} -d ${quoted(description)}`);
  }
  return `${lines.join('\n')}\n`;
}
