import { createRequire } from 'node:module';
import { expect, it } from '@jest/globals';
import { missingChromium, openBrowser, openContext, openPage } from '../support/browser.js';
import { readDocuments } from '../support/documents.js';
import { describeUnless } from '../support/prerequisite.js';

const mermaid = createRequire(import.meta.url).resolve('@mermaid-js/tiny/dist/mermaid.tiny.js');

describeUnless(missingChromium)('diagrams of the documents', () => {
  it('are drawn by mermaid', async () => {
    const diagrams = (await readDocuments()).flatMap(({ path, blocks }) =>
      blocks.filter(({ language }) => language === 'mermaid').map(({ code }) => ({ path, code })),
    );
    expect(diagrams.length).toBeGreaterThan(2);
    const browser = await openBrowser();
    try {
      const { page } = await openPage(await openContext(browser));
      await page.addScriptTag({ path: mermaid });
      for (const { path, code } of diagrams) {
        const drawn = await page.evaluate<string>(
          `mermaid.render('drawn', ${JSON.stringify(code)}).then(({ svg }) => svg, String)`,
        );
        expect([path, drawn.slice(0, 4) === '<svg' ? '<svg' : drawn]).toEqual([path, '<svg']);
      }
    } finally {
      await browser.close();
    }
  });
});
