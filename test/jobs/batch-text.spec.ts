import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { createDecoder, NotTextError } from '#dist/jobs/batch/analysis/text-decoding.js';
import { TextStatistics } from '#dist/jobs/batch/analysis/text-statistics.js';
import {
  HASH_SEED,
  hashStep,
  LONGEST_RANKED_WORD,
  WordCounter,
} from '#dist/jobs/batch/analysis/word-counter.js';

function statisticsOf(...pieces: string[]): TextStatistics {
  const statistics = new TextStatistics();
  for (const piece of pieces) statistics.add(piece);
  statistics.end();
  return statistics;
}

const wordsOf = (text: string) => statisticsOf(text).topWords(100);
const frequencies = (text: string) =>
  Object.fromEntries(wordsOf(text).map(({ word, count }) => [word, count]));

describe('lines', () => {
  it.each([
    ['', 0],
    ['a', 1],
    ['a\n', 1],
    ['a\nb', 2],
    ['\n', 1],
    ['\n\n', 2],
    ['a\r\nb\r\n', 2],
  ])('%j has the number of lines that an editor shows', (text, lines) => {
    expect(statisticsOf(text).lines).toBe(lines);
  });
});

describe('words', () => {
  it('are runs of letters and digits in any script, whatever their case', () => {
    expect(frequencies('Über über ÜBER. 42 слово 文字 x2')).toEqual({
      über: 3,
      '42': 1,
      слово: 1,
      文字: 1,
      x2: 1,
    });
  });

  it('keep single apostrophes and hyphens inside, and lose those at their ends', () => {
    expect(frequencies("don't dog’s well-known 'quoted' -dash- rock--roll O''Neil")).toEqual({
      "don't": 1,
      'dog’s': 1,
      'well-known': 1,
      quoted: 1,
      dash: 1,
      rock: 1,
      roll: 1,
      o: 1,
      neil: 1,
    });
  });

  it('may contain letters beyond the first 65,536 characters and combining marks, and no emoji', () => {
    expect(frequencies('𝒳𝒴 e\u0301t\u00e9 😀 a😀b')).toEqual({ '𝒳𝒴': 1, 'e\u0301t\u00e9': 1, a: 1, b: 1 });
  });

  it('are listed the most frequent first, ties in the order of their characters', () => {
    expect(wordsOf('b a c b')).toEqual([
      { word: 'b', count: 2 },
      { word: 'a', count: 1 },
      { word: 'c', count: 1 },
    ]);
  });

  it('that are too long to be ranked are counted', () => {
    const longest = 'x'.repeat(LONGEST_RANKED_WORD);
    const statistics = statisticsOf(`${longest} ${longest}y ${longest}y-z`);
    expect(statistics.words).toBe(3);
    expect(statistics.topWords(10)).toEqual([{ word: longest, count: 1 }]);
  });

  it('give the same counts wherever the text is cut', () => {
    const text = fc.string({
      unit: fc.constantFrom('a', 'B', "'", '-', ' ', '\n', 'é', '𝒳', '😀', '7'),
      maxLength: 60,
    });
    fc.assert(
      fc.property(text, fc.integer({ min: 1, max: 7 }), (whole, size) => {
        const characters = Array.from(whole);
        const pieces: string[] = [];
        for (let i = 0; i < characters.length; i += size) pieces.push(characters.slice(i, i + size).join(''));
        const [cut, uncut] = [statisticsOf(...pieces), statisticsOf(whole)];
        expect([cut.words, cut.lines, cut.topWords(99)]).toEqual([
          uncut.words,
          uncut.lines,
          uncut.topWords(99),
        ]);
        // the rule as a regular expression, which is easier to trust than a state machine
        const found = whole.match(/[\p{L}\p{N}\p{M}]+(?:['-][\p{L}\p{N}\p{M}]+)*/gu) ?? [];
        expect(uncut.words).toBe(found.length);
      }),
    );
  });
});

describe('WordCounter', () => {
  function add(counter: WordCounter, word: string): void {
    const units = Uint16Array.from(word, (character) => character.charCodeAt(0));
    counter.add(units, units.length, units.reduce(hashStep, HASH_SEED));
  }

  it('is exact as long as its capacity suffices', () => {
    const counter = new WordCounter(8);
    for (const word of ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'a']) add(counter, word);
    expect(counter.missedAtMost).toBe(0);
    expect(counter.top(1)).toEqual([{ word: 'a', count: 2 }]);
    expect(counter.top(100)).toHaveLength(8);
  });

  it('beyond its capacity lists no more than it holds, and each count is too low by no more than it says', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 60 }), { maxLength: 800 }), (numbers) => {
        const counter = new WordCounter(10);
        const truth = new Map<string, number>();
        for (const number of numbers) {
          const word = `w${Math.floor(number ** 2 / 60)}`;
          truth.set(word, (truth.get(word) ?? 0) + 1);
          add(counter, word);
        }
        const counted = new Map(counter.top(100).map(({ word, count }) => [word, count]));
        expect(counted.size).toBeLessThanOrEqual(10);
        for (const [word, count] of truth) {
          expect(counted.get(word) ?? 0).toBeLessThanOrEqual(count);
          expect((counted.get(word) ?? 0) + counter.missedAtMost).toBeGreaterThanOrEqual(count);
        }
      }),
    );
  });

  it('finds the frequent words among a flood of rare ones', () => {
    const counter = new WordCounter(1_000);
    for (let i = 0; i < 50_000; i++) {
      add(counter, `rare${i}`);
      add(counter, i % 2 === 0 ? 'often' : `some${i % 10}`);
    }
    expect(counter.top(2)).toEqual([
      { word: 'often', count: 25_000 },
      { word: 'some1', count: 5_000 },
    ]);
    expect(counter.missedAtMost).toBeLessThan(200);
  });
});

describe('decoding', () => {
  const decodeInPieces = (
    bytes: Buffer,
    encoding: 'utf-8' | 'utf-16le' | 'utf-16be',
    size: number,
  ): string => {
    const decoder = createDecoder(encoding);
    let text = '';
    for (let at = 0; at < bytes.length; at += size) text += decoder.decode(bytes.subarray(at, at + size));
    return text + decoder.end();
  };

  it('gives the same text wherever the bytes are cut, without the byte order mark', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.integer({ min: 1, max: 9 }), (given, size) => {
        const text = given.replaceAll('\0', '').replace(/^\uFEFF+/, '');
        const little = Buffer.from(`\uFEFF${text}`, 'utf16le');
        expect(decodeInPieces(Buffer.from(text), 'utf-8', size)).toBe(text);
        expect(decodeInPieces(Buffer.from(`\uFEFF${text}`), 'utf-8', size)).toBe(text);
        expect(decodeInPieces(little, 'utf-16le', size)).toBe(text);
        expect(decodeInPieces(Buffer.from(little).swap16(), 'utf-16be', size)).toBe(text);
      }),
    );
  });

  it.each([
    ['an invalid byte', [0x61, 0xff, 0x61]],
    ['an overlong form', [0xc0, 0xaf]],
    ['half of a surrogate pair', [0xed, 0xa0, 0x80]],
    ['an unfinished character at the end', [0x61, 0xe2, 0x82]],
    ['a character that another one interrupts', [0xe2, 0x82, 0x61]],
    ['NUL', [0x61, 0x00]],
  ])('%s is not text, wherever the bytes are cut', (_what, bytes) => {
    for (const size of [1, 2, 3])
      expect(() => decodeInPieces(Buffer.from(bytes), 'utf-8', size)).toThrow(NotTextError);
  });

  it('half of a character at the end is not UTF-16 text, nor is NUL', () => {
    expect(() => decodeInPieces(Buffer.from([0xff, 0xfe, 0x61]), 'utf-16le', 10)).toThrow(NotTextError);
    expect(() => decodeInPieces(Buffer.from([0xff, 0xfe, 0, 0]), 'utf-16le', 10)).toThrow(NotTextError);
  });
});
