import { scanRecord } from './csv-record.js';

const DELIMITERS = [',', ';', '\t', '|'];

/** Characters at the beginning of a file that decide on the delimiter. */
export const DELIMITER_SAMPLE = 16_384;
const SAMPLE_RECORDS = 50;

/** The delimiter that gives the most records as many columns as the header has, two at least; ',' if none does. */
export function findDelimiter(sample: string): string {
  let best = { delimiter: ',', agreeing: 0, columns: 1 };
  for (const delimiter of DELIMITERS) {
    const counts = columnCounts(sample, delimiter.charCodeAt(0));
    const columns = counts[0] ?? 0;
    const agreeing = counts.filter((count) => count === columns).length;
    if (columns < 2) continue;
    if (agreeing > best.agreeing || (agreeing === best.agreeing && columns > best.columns))
      best = { delimiter, agreeing, columns };
  }
  return best.delimiter;
}

/** The columns of the well-formed records; the sample's end may cut the last one. */
function columnCounts(sample: string, delimiter: number): number[] {
  const counts: number[] = [];
  for (let at = 0; at < sample.length && counts.length < SAMPLE_RECORDS;) {
    const record = scanRecord(sample, at, delimiter, true);
    if (record && 'fields' in record) {
      counts.push(record.fields);
      at = record.next;
    } else {
      const newline = sample.indexOf('\n', at);
      at = newline === -1 ? sample.length : newline + 1;
    }
  }
  return counts;
}

/**
 * Whether the beginning of a file whose name says nothing is CSV: three lines at least, all with the same number of
 * delimiters, and none followed by a space as in prose.
 */
export function looksLikeCsv(head: string): boolean {
  const lines = head.split('\n').slice(0, -1);
  if (lines.length < 3) return false;
  return DELIMITERS.some((delimiter) => {
    const pieces = lines[0]!.split(delimiter).length;
    return (
      pieces > 1 &&
      lines.every((line) => line.split(delimiter).length === pieces && !line.includes(`${delimiter} `))
    );
  });
}
