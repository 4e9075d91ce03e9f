import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { chromium, type Browser, type BrowserContext, type Page } from 'playwright-core';

const CHROMIUM = '/usr/bin/chromium';
const FLAGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
/** WCAG 2.1 A and AA. */
const RULES = ['wcag2a', 'wcag2aa', 'wcag21aa'];

/** Why these tests cannot run here, if they cannot. */
export const missingChromium = existsSync(CHROMIUM)
  ? undefined
  : `no ${CHROMIUM}: apt-get install chromium, for the tests of the dashboard`;

export const openBrowser = (): Promise<Browser> => chromium.launch({ executablePath: CHROMIUM, args: FLAGS });

/** Somebody's browser, with its own cookies and files. */
export const openContext = (browser: Browser): Promise<BrowserContext> =>
  browser.newContext({ viewport: { width: 1360, height: 860 }, colorScheme: 'light' });

/** A page that notes what a person would not see: errors, refusals of the policy, requests to other hosts. */
export async function openPage(context: BrowserContext): Promise<{ page: Page; complaints: string[] }> {
  const page = await context.newPage();
  page.setDefaultTimeout(60_000);
  const complaints: string[] = [];
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('console', (message) => {
    if (/Content Security Policy|Refused to/i.test(message.text())) complaints.push(message.text());
  });
  page.on('request', (request) => {
    const { hostname, protocol } = new URL(request.url());
    if (protocol.startsWith('http') && !['127.0.0.1', 'localhost', '[::1]'].includes(hostname))
      complaints.push(`asked ${request.url()}`);
  });
  return { page, complaints };
}

/** What axe finds, in a line each. @param rules or tags of rules */
export async function violations(page: Page, rules: readonly string[] = RULES): Promise<string[]> {
  // through the debugger, which the page's policy does not hold back
  if (!(await page.evaluate<boolean>(`'axe' in globalThis`))) await page.evaluate(axe);
  const { violations: found } = await page.evaluate<Findings>(
    `axe.run(document, ${JSON.stringify({ runOnly: rules })})`,
  );
  return found.map(({ id, help, nodes }) => `${id}: ${help}: ${nodes.map((node) => node.html).join(' | ')}`);
}

interface Findings {
  violations: { id: string; help: string; nodes: { html: string }[] }[];
}
