/** A parameter as its method's source has it. */
export interface Parameter {
  /** undefined where it is taken apart: `{ to, subject }`. */
  readonly name: string | undefined;
  readonly rest: boolean;
}

/** A comment, a text, or else one character. */
const TOKEN = /\/\*[^]*?\*\/|\/\/[^\n]*|'(?:\\[^]|[^'\\])*'|"(?:\\[^]|[^"\\])*"|`(?:\\[^]|[^`\\])*`|[^]/g;

/** Read from the source: the only place where names and a rest parameter show. */
export function parametersOf(method: (...args: never[]) => unknown): Parameter[] {
  const source = method.toString();
  return listOf(source.slice(source.indexOf('('))).map((text) => {
    const [, dots, name] = /^(\.\.\.)?\s*([\w$]+)?\s*(?:=|$)/.exec(text) ?? [];
    return { name, rest: dots !== undefined };
  });
}

/** What stands between the commas of the first brackets. */
function listOf(source: string): string[] {
  const parts = [''];
  let depth = 0;
  for (const [token] of source.matchAll(TOKEN)) {
    if (/^\/[/*]/.test(token)) continue;
    if (/^[)\]}]$/.test(token) && --depth === 0) break;
    if (token === ',' && depth === 1) parts.push('');
    else if (depth > 0) parts.push(parts.pop()! + token);
    if (/^[([{]$/.test(token)) depth++;
  }
  return parts.map((part) => part.trim()).filter(Boolean);
}
