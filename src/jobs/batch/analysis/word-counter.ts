import { randomInt } from 'node:crypto';
import type { WordCount } from './file-analysis.js';

/** A longer word, in UTF-16 units, is not ranked among the frequent ones: a file may be one single word. */
export const LONGEST_RANKED_WORD = 64;
/** Different words counted at once; with their characters at most 20 MB. */
export const WORD_CAPACITY = 100_000;

/** Where every hash begins: random, so that nobody can prepare a file whose words all share a place in the table. */
export const HASH_SEED = randomInt(2 ** 31);

const { imul } = Math;

/** One step of the hash that {@link WordCounter.add} expects (FNV-1a). */
export function hashStep(hash: number, unit: number): number {
  return imul(hash ^ unit, 0x01000193);
}

/**
 * Counts words in bounded memory: beyond the capacity the rarer half is forgotten (lossy counting). A forgotten word
 * that comes back starts at 0, so a count may be too low, by {@link missedAtMost} at most, and never too high.
 *
 * A hash table over the words' UTF-16 units instead of a Map of strings: no string is made for a word that is already
 * known, which makes the analysis of a text several times faster.
 */
export class WordCounter {
  private readonly slots: Int32Array;
  private readonly hashes: Int32Array;
  private readonly counts: Float64Array;
  /** Where each word begins in `units`; one more for the end of the last. */
  private readonly starts: Uint32Array;
  private units = new Uint16Array(65_536);
  private size = 0;
  private missed = 0;

  constructor(private readonly capacity = WORD_CAPACITY) {
    // between two and four slots a word
    this.slots = new Int32Array(2 ** (Math.ceil(Math.log2(capacity)) + 1)).fill(-1);
    this.hashes = new Int32Array(capacity);
    this.counts = new Float64Array(capacity);
    this.starts = new Uint32Array(capacity + 1);
  }

  /** Counts the word made of the first `length` units, whose hash was built by {@link hashStep}. */
  add(word: Uint16Array, length: number, hash: number): void {
    const slot = this.findSlot(word, length, hash);
    const entry = this.slots[slot]!;
    if (entry !== -1) {
      this.counts[entry]!++;
    } else if (this.size === this.capacity) {
      this.forgetTheRare();
      this.insert(this.findSlot(word, length, hash), word, length, hash);
    } else {
      this.insert(slot, word, length, hash);
    }
  }

  /** What a count may lack; 0 as long as nothing was forgotten. */
  get missedAtMost(): number {
    return this.missed;
  }

  /** The most frequent words; ties in the order of their characters, so that a second run gives the same answer. */
  top(limit: number): WordCount[] {
    const entries = Array.from({ length: this.size }, (_, entry) => ({
      word: this.text(entry),
      count: this.counts[entry]!,
    }));
    return entries.sort((a, b) => b.count - a.count || (a.word < b.word ? -1 : 1)).slice(0, limit);
  }

  private findSlot(word: Uint16Array, length: number, hash: number): number {
    const mask = this.slots.length - 1;
    // the upper half of the hash is mixed in: the lower bits alone depend little on the first letters
    for (let slot = (hash ^ (hash >>> 15)) & mask; ; slot = (slot + 1) & mask) {
      const entry = this.slots[slot]!;
      if (entry === -1 || (this.hashes[entry] === hash && this.isWord(entry, word, length))) return slot;
    }
  }

  private isWord(entry: number, word: Uint16Array, length: number): boolean {
    const start = this.starts[entry]!;
    if (this.starts[entry + 1]! - start !== length) return false;
    for (let i = 0; i < length; i++) if (this.units[start + i] !== word[i]) return false;
    return true;
  }

  private insert(slot: number, word: Uint16Array, length: number, hash: number): void {
    const entry = this.size++;
    const start = this.starts[entry]!;
    if (start + length > this.units.length) {
      const larger = new Uint16Array(this.units.length * 2);
      larger.set(this.units);
      this.units = larger;
    }
    this.units.set(word.subarray(0, length), start);
    this.starts[entry + 1] = start + length;
    this.hashes[entry] = hash;
    this.counts[entry] = 1;
    this.slots[slot] = entry;
  }

  private forgetTheRare(): void {
    const sorted = this.counts.slice(0, this.size).sort();
    const threshold = sorted[sorted.length >> 1]!;
    const size = this.size;
    this.size = 0;
    this.slots.fill(-1);
    // entries only move towards the beginning, so each can be written over what was there before
    for (let entry = 0, start = 0; entry < size; entry++) {
      const end = this.starts[entry + 1]!;
      const count = this.counts[entry]!;
      if (count > threshold) {
        const word = this.units.slice(start, end);
        const hash = this.hashes[entry]!;
        const kept = this.size;
        this.insert(this.findSlot(word, word.length, hash), word, word.length, hash);
        this.counts[kept] = count;
      }
      start = end;
    }
    this.missed += threshold;
  }

  private text(entry: number): string {
    return String.fromCharCode(...this.units.subarray(this.starts[entry], this.starts[entry + 1]));
  }
}
