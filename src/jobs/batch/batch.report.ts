import type { BatchReport, BatchTotals, FileReport } from './batch.types.js';

/** Characters of JSON: below what a task's result may have. */
const LARGEST_REPORT = 2_000_000;
/** Lengths that the lists of each file are cut to, until the report is small enough. Counts stay exact. */
const LIST_LENGTHS = [100, 50, 20, 10, 5, 2, 0];

export function composeReport(
  files: FileReport[],
  durationMs: number,
  largest = LARGEST_REPORT,
): BatchReport {
  const report: BatchReport = { files, totals: totalsOf(files), durationMs };
  for (const listedAtMost of LIST_LENGTHS) {
    if (JSON.stringify(report).length <= largest) break;
    report.files = files.map((file) => withShorterLists(file, listedAtMost));
    report.listedAtMost = listedAtMost;
  }
  return report;
}

function withShorterLists(file: FileReport, length: number): FileReport {
  if (!file.ok) return file;
  const shorter = { ...file };
  if (file.text) shorter.text = { ...file.text, topWords: file.text.topWords.slice(0, length) };
  if (file.csv)
    shorter.csv = {
      ...file.csv,
      columns: file.csv.columns.slice(0, length),
      badRows: file.csv.badRows.slice(0, length),
    };
  return shorter;
}

function totalsOf(files: FileReport[]): BatchTotals {
  const totals = { files: files.length, ok: 0, failed: 0, bytes: 0, lines: 0, words: 0, rows: 0, badRows: 0 };
  for (const file of files) {
    if (!file.ok) {
      totals.failed++;
      continue;
    }
    totals.ok++;
    totals.bytes += file.size;
    totals.lines += file.text?.lines ?? 0;
    totals.words += file.text?.words ?? 0;
    totals.rows += file.csv?.rows ?? 0;
    totals.badRows += file.csv?.badRowCount ?? 0;
  }
  return totals;
}
