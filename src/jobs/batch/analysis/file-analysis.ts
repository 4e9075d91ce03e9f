/** A word, lower-cased, and how often it was found. */
export interface WordCount {
  word: string;
  count: number;
}

/** What was found in a text. */
export interface TextAnalysis {
  encoding: TextEncoding;
  /** Newlines, and one more for a last line that has none: what an editor shows. */
  lines: number;
  words: number;
  /** The most frequent first; words of equal count in the order of their characters. */
  topWords: WordCount[];
  /** True when the text has more different words than are counted at once: see `missedAtMost`. */
  approximate: boolean;
  /** A word was found between `count` and `count + missedAtMost` times; 0 unless `approximate`. */
  missedAtMost: number;
}

export type TextEncoding = 'utf-8' | 'utf-16le' | 'utf-16be';

/** What was found in a CSV file. The first well-formed record is its header. */
export interface CsvAnalysis {
  delimiter: string;
  columnCount: number;
  /** The header's names, as many as are listed. */
  columns: string[];
  /** Records after the header, the bad ones included; empty lines are not records. */
  rows: number;
  badRowCount: number;
  /** The first of them, in the order of the file. */
  badRows: BadRow[];
}

export type BadRowCode =
  'WRONG_COLUMN_COUNT' | 'UNCLOSED_QUOTE' | 'TEXT_AFTER_QUOTE' | 'QUOTE_IN_FIELD' | 'ROW_TOO_LONG';

export interface BadRow {
  /** The line of the file where the row begins, from 1. */
  line: number;
  code: BadRowCode;
  message: string;
}

/** What was found in a file of any kind. */
export interface FileAnalysis {
  /** Bytes. */
  size: number;
  /** Hexadecimal, of the bytes as they are. */
  sha256: string;
  /** The MIME type, found from the contents; `application/octet-stream` when nothing better is known. */
  type: string;
  /** Only for texts. */
  text?: TextAnalysis;
  /** Only for CSV files. */
  csv?: CsvAnalysis;
}
