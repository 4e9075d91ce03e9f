import type { WordCount } from './file-analysis.js';
import { BETWEEN, JOINER, kindOfPair, kindOfUnit, lowerUnit, WORD } from './word-characters.js';
import { HASH_SEED, hashStep, LONGEST_RANKED_WORD, WordCounter } from './word-counter.js';

/**
 * Counts lines and words of a text that arrives in pieces, in bounded memory and independent of where the pieces end.
 * A word is a run of letters and digits, with single apostrophes and hyphens inside; case does not matter. No piece
 * may end between the two halves of a surrogate pair, as those of a decoder never do.
 */
export class TextStatistics {
  private newlines = 0;
  private lastCharacter = '\n';
  private wordCount = 0;
  /** The word that is being read, lower-cased: one unit more than is ranked shows that it is too long for that. */
  private readonly word = new Uint16Array(LONGEST_RANKED_WORD + 1);
  private length = 0;
  private hash = HASH_SEED;
  /** The joiner behind the word, part of it only if the word goes on; 0 if there is none. */
  private joiner = 0;

  constructor(private readonly counter = new WordCounter()) {}

  add(text: string): void {
    if (text === '') return;
    for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) this.newlines++;
    this.lastCharacter = text.charAt(text.length - 1);
    for (let i = 0; i < text.length; i++) {
      const unit = text.charCodeAt(i);
      const isPair = (unit & 0xfc00) === 0xd800;
      const kind = isPair ? kindOfPair(text.codePointAt(i) ?? unit) : kindOfUnit(unit);
      if (kind === WORD) this.extendWord(lowerUnit(unit));
      else if (this.length > 0) this.leaveWord(kind, unit);
      if (!isPair) continue;
      i++;
      if (kind === WORD) this.extendWord(text.charCodeAt(i));
    }
  }

  /** Call it once, after the last piece. */
  end(): void {
    if (this.length > 0) this.leaveWord(BETWEEN, 0);
  }

  get lines(): number {
    return this.newlines + (this.lastCharacter === '\n' ? 0 : 1);
  }

  get words(): number {
    return this.wordCount;
  }

  get missedAtMost(): number {
    return this.counter.missedAtMost;
  }

  topWords(limit: number): WordCount[] {
    return this.counter.top(limit);
  }

  private extendWord(unit: number): void {
    if (this.joiner !== 0) {
      this.append(this.joiner);
      this.joiner = 0;
    }
    this.append(unit);
  }

  private append(unit: number): void {
    if (this.length > LONGEST_RANKED_WORD) return;
    this.word[this.length++] = unit;
    this.hash = hashStep(this.hash, unit);
  }

  /** A character that is no part of a word: the word ends, unless it is a first joiner. */
  private leaveWord(kind: number, unit: number): void {
    if (kind === JOINER && this.joiner === 0) {
      this.joiner = unit;
      return;
    }
    this.wordCount++;
    if (this.length <= LONGEST_RANKED_WORD) this.counter.add(this.word, this.length, this.hash);
    this.length = 0;
    this.hash = HASH_SEED;
    this.joiner = 0;
  }
}
