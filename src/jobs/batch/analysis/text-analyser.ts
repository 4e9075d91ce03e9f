import { CsvStatistics } from './csv-statistics.js';
import type { CsvAnalysis, TextAnalysis, TextEncoding } from './file-analysis.js';
import { createDecoder } from './text-decoding.js';
import { TextStatistics } from './text-statistics.js';

/** Everything that is counted in one text: takes bytes, decodes them once, and gives the text to each counter. */
export class TextAnalyser {
  private readonly decoder;
  private readonly statistics = new TextStatistics();
  private readonly csv: CsvStatistics | undefined;

  constructor(
    private readonly encoding: TextEncoding,
    csv: boolean,
  ) {
    this.decoder = createDecoder(encoding);
    this.csv = csv ? new CsvStatistics() : undefined;
  }

  /** @throws NotTextError */
  add(bytes: Buffer): void {
    this.addText(this.decoder.decode(bytes));
  }

  /** Call it once, after the last bytes. @throws NotTextError */
  end(topWords: number): { text: TextAnalysis; csv?: CsvAnalysis } {
    this.addText(this.decoder.end());
    this.statistics.end();
    this.csv?.end();
    const { lines, words, missedAtMost } = this.statistics;
    const text = {
      encoding: this.encoding,
      lines,
      words,
      topWords: this.statistics.topWords(topWords),
      approximate: missedAtMost > 0,
      missedAtMost,
    };
    return this.csv ? { text, csv: this.csv.result() } : { text };
  }

  private addText(text: string): void {
    this.statistics.add(text);
    this.csv?.add(text);
  }
}
