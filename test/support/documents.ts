import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import GithubSlugger from 'github-slugger';
import { lexer, walkTokens, type Token } from 'marked';

export const project = fileURLToPath(new URL('../..', import.meta.url));

/** A block of code of a document. */
export interface CodeBlock {
  readonly language: string;
  /** What stands after the language: `tour` of `sh tour`. */
  readonly mark: string;
  readonly code: string;
  /** Lines before the code that readers do not see: a comment of HTML that begins with `hidden`. */
  readonly hidden: string;
}

/** A document as its readers have it. */
export interface Document {
  /** From the project's folder: `docs/tasks.md`. */
  readonly path: string;
  readonly blocks: readonly CodeBlock[];
  /** Code within lines. */
  readonly spans: readonly string[];
  /** Where links and pictures lead. */
  readonly links: readonly string[];
  /** Of its headings, as GitHub makes them. */
  readonly anchors: ReadonlySet<string>;
}

/** Every document that is meant for people: those of the project's folder and of `docs/`. */
export async function readDocuments(): Promise<Document[]> {
  const top = await readdir(project);
  const docs = (await readdir(join(project, 'docs'))).map((name) => `docs/${name}`);
  const paths = [...top, ...docs].filter((name) => name.endsWith('.md')).sort();
  return Promise.all(
    paths.map(async (path) => parseDocument(path, await readFile(join(project, path), 'utf8'))),
  );
}

const HIDDEN = /^<!-- hidden\n([^]*?)-->/;

export function parseDocument(path: string, text: string): Document {
  const blocks: CodeBlock[] = [];
  const spans: string[] = [];
  const links: string[] = [];
  const anchors = new Set<string>();
  const slugger = new GithubSlugger();
  let hidden = '';
  void walkTokens(lexer(text), (token: Token) => {
    if (token.type === 'html') hidden = HIDDEN.exec(token.raw)?.[1] ?? '';
    else if (token.type === 'code') {
      const [language = '', ...mark] = (token.lang ?? '').split(' ');
      blocks.push({ language, mark: mark.join(' '), code: `${token.text}\n`, hidden });
      hidden = '';
    } else if (token.type === 'codespan') spans.push(token.text);
    else if (token.type === 'link' || token.type === 'image') links.push(token.href);
    else if (token.type === 'heading') anchors.add(slugger.slug(plain(token.tokens ?? [])));
  });
  return { path, blocks, spans, links, anchors };
}

/** A heading without its marks. */
function plain(tokens: readonly Token[]): string {
  return tokens
    .map((token) =>
      'tokens' in token && token.tokens ? plain(token.tokens) : 'text' in token ? token.text : '',
    )
    .join('');
}
