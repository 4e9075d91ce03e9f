import { describe, expect, it } from '@jest/globals';
import { parse } from 'csv-parse/sync';
import * as fc from 'fast-check';
import { findDelimiter, looksLikeCsv } from '#dist/jobs/batch/analysis/csv-delimiter.js';
import { LONGEST_RECORD } from '#dist/jobs/batch/analysis/csv-record.js';
import { CsvStatistics } from '#dist/jobs/batch/analysis/csv-statistics.js';
import type { CsvAnalysis } from '#dist/jobs/batch/analysis/file-analysis.js';

function analyse(text: string, pieceLength = text.length || 1): CsvAnalysis {
  const statistics = new CsvStatistics();
  for (let at = 0; at < text.length; at += pieceLength) statistics.add(text.slice(at, at + pieceLength));
  statistics.end();
  return statistics.result();
}

const badLines = (text: string) => analyse(text).badRows.map(({ line, code }) => `${line} ${code}`);

describe('a well-formed CSV file', () => {
  it('has the columns of its header and the rows below it', () => {
    expect(analyse('id,name\n1,a\n2,b\n')).toEqual({
      delimiter: ',',
      columnCount: 2,
      columns: ['id', 'name'],
      rows: 2,
      badRowCount: 0,
      badRows: [],
    });
  });

  it('may end without a line break, use CRLF, and have empty lines, which are no rows', () => {
    expect(analyse('a,b\r\n\r\n1,2\r\n\r\n3,4')).toMatchObject({
      columns: ['a', 'b'],
      rows: 2,
      badRowCount: 0,
    });
  });

  it('may have delimiters, doubled quotes and line breaks in quotes, in the header too', () => {
    const text = '"a ""x""","b,\nc"\n"1\n2",3\n4\n';
    expect(analyse(text)).toMatchObject({ columns: ['a "x"', 'b,\nc'], rows: 2 });
    expect(badLines(text)).toEqual(['5 WRONG_COLUMN_COUNT']);
  });

  it.each([
    ['', 0, 0],
    ['\n\n', 0, 0],
    ['only', 1, 0],
    ['a,b,c', 3, 0],
    ['a,,\n,,\n', 3, 1],
    ['""\n""', 1, 1],
  ])('%j is counted', (text, columnCount, rows) => {
    expect(analyse(text)).toMatchObject({ columnCount, rows, badRowCount: 0 });
  });

  it('is counted as csv-parse counts it', () => {
    const field = fc.string({
      unit: fc.constantFrom('a', ' ', ',', '"', '\n', 'é', '\r\n', ''),
      maxLength: 6,
    });
    fc.assert(
      fc.property(
        fc.array(fc.array(field, { minLength: 1, maxLength: 4 }), { minLength: 1, maxLength: 8 }),
        (table) => {
          const text = table
            .map((row) => row.map((cell) => `"${cell.replaceAll('"', '""')}"`).join(','))
            .join('\n');
          const records: string[][] = parse(text, {
            relax_column_count: true,
            delimiter: findDelimiter(text),
          });
          expect(analyse(text)).toMatchObject({
            columns: records[0],
            rows: records.length - 1,
            badRowCount: records.filter((record) => record.length !== records[0]!.length).length,
          });
        },
      ),
    );
  });
});

describe('a bad row', () => {
  it('with too many or too few columns is named with its line, and the others count', () => {
    const { rows, badRowCount, badRows } = analyse('a,b\n1\n1,2\n1,2,3\n');
    expect({ rows, badRowCount }).toEqual({ rows: 3, badRowCount: 2 });
    expect(badRows).toEqual([
      { line: 2, code: 'WRONG_COLUMN_COUNT', message: 'expected 2 columns as in the header, got 1' },
      { line: 4, code: 'WRONG_COLUMN_COUNT', message: 'expected 2 columns as in the header, got 3' },
    ]);
  });

  it('with a quote that is never closed hides no row below it', () => {
    const text = `a,b\n1,"open\n${'2,x\n'.repeat(50_000)}`;
    expect(analyse(text)).toMatchObject({ rows: 50_001, badRowCount: 1 });
    expect(badLines(text)).toEqual(['2 UNCLOSED_QUOTE']);
  });

  it('with a quote that only a later row closes hides no row between them', () => {
    expect(badLines('a,b\n1,"open\n2,x\n3,"open\n4,x\n')).toEqual(['2 TEXT_AFTER_QUOTE', '4 UNCLOSED_QUOTE']);
  });

  it('with a quote in a bare field, or text behind a quote, is named', () => {
    expect(badLines('a,b\n1,5" pipe\n"1"x,2\n1,2\n')).toEqual(['2 QUOTE_IN_FIELD', '3 TEXT_AFTER_QUOTE']);
  });

  it('that is too long is named, and is not kept in memory', () => {
    const text = `a,b\n1,${'x'.repeat(LONGEST_RECORD)}\n2,3\n"${'y'.repeat(LONGEST_RECORD)}",2\n4\n`;
    expect(badLines(text)).toEqual(['2 ROW_TOO_LONG', '4 UNCLOSED_QUOTE', '5 WRONG_COLUMN_COUNT']);
  });

  it('that is the first one does not become the header', () => {
    expect(analyse('x"y\na,b\n1,2\n')).toMatchObject({ columns: ['a', 'b'], rows: 2, badRowCount: 1 });
  });

  it('is counted without limit, and the first hundred are listed', () => {
    const { badRowCount, badRows } = analyse(`a,b\n${'1\n'.repeat(1_000)}`);
    expect(badRowCount).toBe(1_000);
    expect(badRows).toHaveLength(100);
    expect(badRows.at(-1)?.line).toBe(101);
  });

  it('never shows what the file contains', () => {
    expect(JSON.stringify(analyse('a,b\nsecret"x,1\n"secret"secret,2\nsecret\n').badRows)).not.toContain(
      'secret',
    );
  });
});

it('the counts are the same wherever the file is cut', () => {
  const text = fc.string({
    unit: fc.constantFrom('a', ',', '"', '"', '\n', '\r\n', '\r', ';'),
    maxLength: 40,
  });
  fc.assert(
    fc.property(text, fc.integer({ min: 1, max: 5 }), (whole, size) => {
      expect(analyse(whole, size)).toEqual(analyse(whole));
    }),
    { numRuns: 500 },
  );
});

it('the counts of a long file with a long row are the same wherever it is cut', () => {
  const row = `"x${'y'.repeat(LONGEST_RECORD - 20)}`;
  for (const end of [
    '",2\n3,4\n',
    'yyyyyyyyyy",2\n3,4\n',
    'yyyyyyyyyyyyyyyyyyyyyyyyyyy",2\n3,4\n',
    '\n3,4\n',
  ]) {
    const text = `a,b\n${row}${end}`;
    for (const size of [1_021, 4_096, 65_535, 65_536]) expect(analyse(text, size)).toEqual(analyse(text));
  }
});

describe('the delimiter', () => {
  it.each([
    ['a,b;c\n1,2;3\n', ','],
    ['a;b\n1,5;2,5\n3,5;4\n', ';'],
    ['a\tb\tc\n1\t2,0\t3\n', '\t'],
    ['a|b\n1|2\n', '|'],
    ['"x,y";b\n"1,2";3\n', ';'],
    ['single\ncolumn\n', ','],
  ])('of %j is %j', (text, delimiter) => {
    expect(findDelimiter(text)).toBe(delimiter);
  });

  it('makes a file without a telling name a CSV file only when every line has it equally often, and not as prose has it', () => {
    expect(looksLikeCsv('a;b\n1;2\n3;4\n')).toBe(true);
    expect(looksLikeCsv('a;b\n1;2\n')).toBe(false);
    expect(looksLikeCsv('a;b\n1;2;3\n3;4\n')).toBe(false);
    expect(looksLikeCsv('Well, one\nWell, two\nWell, three\n')).toBe(false);
    expect(looksLikeCsv('one\ntwo\nthree\n')).toBe(false);
  });
});
