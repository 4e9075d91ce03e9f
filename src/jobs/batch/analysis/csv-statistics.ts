import { DELIMITER_SAMPLE, findDelimiter } from './csv-delimiter.js';
import { LONGEST_RECORD, scanRecord } from './csv-record.js';
import type { BadRow, BadRowCode, CsvAnalysis } from './file-analysis.js';

const LISTED_BAD_ROWS = 100;
const LISTED_COLUMNS = 500;
const LONGEST_COLUMN_NAME = 200;

const MESSAGES: Record<Exclude<BadRowCode, 'WRONG_COLUMN_COUNT'>, string> = {
  UNCLOSED_QUOTE: `a quote is opened and not closed within ${LONGEST_RECORD} characters: close it, or double a quote that is meant`,
  TEXT_AFTER_QUOTE:
    'expected a delimiter or the end of the line after a closing quote: double a quote that is meant',
  QUOTE_IN_FIELD:
    'a quote inside of a field that does not begin with one: put the field in quotes and double the quote',
  ROW_TOO_LONG: `expected at most ${LONGEST_RECORD} characters in a row, got more`,
};

/**
 * Counts the rows and columns of a CSV file that arrives in pieces, and names its bad rows. Only the record that a
 * piece cut is kept, and at most {@link LONGEST_RECORD} characters of it.
 *
 * It is not built on csv-parse: with `max_record_size` and `skip_records_with_error` that parser drops the rest of
 * each piece behind a row that is too long, and without a limit one unclosed quote hides all rows after it. Here a bad
 * row costs the line it begins on, and counting goes on with the next line.
 */
export class CsvStatistics {
  private pending = '';
  private delimiter: string | undefined;
  private line = 1;
  /** The rest of a bad row's line is passed over. */
  private skippingLine = false;
  private columns: string[] | undefined;
  private columnCount = 0;
  private rows = 0;
  private badRowCount = 0;
  private readonly badRows: BadRow[] = [];

  add(text: string): void {
    this.consume(text, false);
  }

  /** Call it once, after the last piece. */
  end(): void {
    this.consume('', true);
  }

  /** What was found so far. */
  result(): CsvAnalysis {
    const { delimiter = ',', columnCount, columns = [], rows, badRowCount, badRows } = this;
    return { delimiter, columnCount, columns, rows, badRowCount, badRows };
  }

  private consume(piece: string, atEnd: boolean): void {
    const text = this.pending + piece;
    this.pending = text;
    if (this.delimiter === undefined && text.length < DELIMITER_SAMPLE && !atEnd) return;
    this.delimiter ??= findDelimiter(text.slice(0, DELIMITER_SAMPLE));
    let at = 0;
    while (at < text.length) {
      const next = this.skippingLine
        ? this.skipLine(text, at)
        : this.takeRecord(text, at, this.delimiter, atEnd);
      if (next === undefined) break;
      at = next;
    }
    this.pending = text.slice(at);
  }

  private skipLine(text: string, at: number): number {
    const newline = text.indexOf('\n', at);
    if (newline === -1) return text.length;
    this.skippingLine = false;
    this.line++;
    return newline + 1;
  }

  /** The index after the record, or undefined when its end is not there yet. */
  private takeRecord(text: string, at: number, delimiter: string, atEnd: boolean): number | undefined {
    const bounds: number[] | undefined = this.columns ? undefined : [];
    const record = scanRecord(text, at, delimiter.charCodeAt(0), atEnd, bounds);
    if (!record) return undefined;
    if ('problem' in record) {
      this.rows++;
      this.addBadRow(record.problem, MESSAGES[record.problem as keyof typeof MESSAGES]);
      this.skippingLine = true;
      return at;
    }
    if (!isEmptyLine(text, at, record.next)) {
      if (bounds) this.takeHeader(text, bounds);
      else this.countRow(record.fields);
    }
    this.line += record.newlines;
    return record.next;
  }

  private takeHeader(text: string, bounds: number[]): void {
    this.columnCount = bounds.length / 2;
    this.columns = [];
    for (let i = 0; i < bounds.length && this.columns.length < LISTED_COLUMNS; i += 2)
      this.columns.push(columnName(text.slice(bounds[i], bounds[i + 1])));
  }

  private countRow(fields: number): void {
    this.rows++;
    if (fields === this.columnCount) return;
    this.addBadRow(
      'WRONG_COLUMN_COUNT',
      `expected ${this.columnCount} columns as in the header, got ${fields}`,
    );
  }

  private addBadRow(code: BadRowCode, message: string): void {
    this.badRowCount++;
    if (this.badRows.length < LISTED_BAD_ROWS) this.badRows.push({ line: this.line, code, message });
  }
}

function isEmptyLine(text: string, from: number, to: number): boolean {
  if (to - from > 2) return false;
  return ['', '\n', '\r\n', '\r'].includes(text.slice(from, to));
}

/** The name without quotes; a copy, so that it does not keep the text it stands in alive. */
function columnName(field: string): string {
  const bare = field.replace(/\r$/, '');
  const name = bare.startsWith('"') ? bare.slice(1, -1).replaceAll('""', '"') : bare;
  return Buffer.from(name.slice(0, LONGEST_COLUMN_NAME)).toString();
}
