import { TextDecoder } from 'node:util';
import { Parser } from 'htmlparser2';
import { pageUrl } from './page-url.js';

const LONGEST_TITLE = 200;
const MOST_LINKS = 5_000;

/** Finds the title and the links of a page that arrives in pieces. */
export class PageParser {
  private readonly decoder: TextDecoder;
  private readonly parser: Parser;
  private readonly references = new Set<string>();
  private base: string | undefined;
  private titleText: string | undefined;
  private inTitle = false;

  constructor(
    private readonly url: string,
    contentType: string,
  ) {
    this.decoder = decoderFor(contentType);
    this.parser = new Parser({
      onopentag: (name, attributes) => this.open(name, attributes),
      ontext: (text) => this.addText(text),
      onclosetag: (name) => {
        if (name === 'title') this.inTitle = false;
      },
    });
  }

  add(bytes: Uint8Array): void {
    this.parser.write(this.decoder.decode(bytes, { stream: true }));
  }

  /** Call it once, after the last bytes. */
  end(): { title: string | null; links: string[] } {
    this.parser.end(this.decoder.decode());
    const base = pageUrl(this.base ?? '', this.url) ?? this.url;
    const links = [...this.references].map((reference) => pageUrl(reference, base));
    const title = this.titleText?.replaceAll(/\s+/g, ' ').trim().slice(0, LONGEST_TITLE).toWellFormed();
    return { title: title || null, links: [...new Set(links.filter((link) => link !== undefined))] };
  }

  private open(name: string, { href }: Record<string, string>): void {
    if (name === 'title' && this.titleText === undefined) {
      this.inTitle = true;
      this.titleText = '';
    }
    if (href === undefined) return;
    if (name === 'base') this.base ??= href.trim();
    if ((name === 'a' || name === 'area') && this.references.size < MOST_LINKS)
      this.references.add(href.trim());
  }

  private addText(text: string): void {
    if (!this.inTitle || this.titleText === undefined) return;
    // white space is cut later, so more is kept than is shown
    if (this.titleText.length < LONGEST_TITLE * 4) this.titleText += text;
  }
}

/** The encoding that the server names, UTF-8 if it names none or one that nobody knows. */
function decoderFor(contentType: string): TextDecoder {
  const label = /charset\s*=\s*"?([^\s";]+)/i.exec(contentType)?.[1] ?? 'utf-8';
  try {
    return new TextDecoder(label);
  } catch {
    return new TextDecoder();
  }
}
