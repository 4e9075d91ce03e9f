const TOKEN =
  /'[^']*'|"(?:\\.|\$\([^)]*\)|[^"\\])*"|(?<=^|\s)#[^\n]*|\\\n\s*|\n|&&|\|\|?|;|\$\(|\)|[^\s'"|;()$&\\]+|[$&\\]/g;
const ENDS = new Set(['\n', '&&', '|', '||', ';', '$(', ')']);

/** The commands of a piece of shell, each as its words: split at lines, `&&`, `|`, `;`, and within `$( … )`. */
export function shellCommands(code: string): string[][] {
  const commands: string[][] = [];
  let words: string[] = [];
  const next = () => {
    // assignments before a command are none
    while (words[0] && /^\w+=/.test(words[0])) words.shift();
    if (words.length > 0) commands.push(words.map((word) => word.replaceAll(/^['"]|['"]$/g, '')));
    words = [];
  };
  let end = 0;
  for (const { 0: token, index } of code.matchAll(TOKEN)) {
    const glued = index === end && words.length > 0;
    // a line that goes on separates words
    end = token.startsWith('\\\n') ? -1 : index + token.length;
    if (ENDS.has(token)) next();
    else if (token.startsWith('#') || token.startsWith('\\\n')) continue;
    else if (glued) words[words.length - 1] += token;
    else words.push(token);
  }
  next();
  return commands;
}
