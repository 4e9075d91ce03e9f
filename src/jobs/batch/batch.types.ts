import type { FileAnalysis } from './analysis/file-analysis.js';

/** An uploaded file in the folder of uploads. */
export interface StoredUpload {
  /** Its name there, a UUID. */
  id: string;
  /** The name it was sent with: for the report only, never part of a path. */
  name: string;
}

/** The argument of the task `batch.process`. */
export interface BatchInput {
  /** Relative to the configured folder. */
  paths?: string[];
  uploads?: StoredUpload[];
  /** How many of the most frequent words are listed for each text. Default 10. */
  topWords?: number;
}

export const DEFAULT_TOP_WORDS = 10;

export interface AnalysedFile extends FileAnalysis {
  name: string;
  ok: true;
  durationMs: number;
}

export interface FailedFile {
  name: string;
  ok: false;
  error: { code: string; message: string };
}

export type FileReport = AnalysedFile | FailedFile;

export interface BatchTotals {
  files: number;
  ok: number;
  failed: number;
  bytes: number;
  lines: number;
  words: number;
  rows: number;
  badRows: number;
}

/** The result of the task `batch.process`. */
export interface BatchReport {
  /** In the order of the request. */
  files: FileReport[];
  totals: BatchTotals;
  /** How many words, columns and bad rows are listed for each file, where a full report would be too large. */
  listedAtMost?: number;
  durationMs: number;
}
