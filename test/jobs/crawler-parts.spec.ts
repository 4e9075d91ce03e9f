import { describe, expect, it } from '@jest/globals';
import { readInput } from '#dist/jobs/crawler/crawler.input.js';
import { CrawlerSettings } from '#dist/jobs/crawler/crawler.options.js';
import { PageParser } from '#dist/jobs/crawler/page-parser.js';
import { pageUrl } from '#dist/jobs/crawler/page-url.js';
import { isPublicAddress } from '#dist/jobs/crawler/public-address.js';
import { Robots } from '#dist/jobs/crawler/robots.js';

describe('an address', () => {
  it.each(['8.8.8.8', '93.184.216.34', '2606:4700::1111', '::ffff:8.8.8.8'])('%s is public', (address) => {
    expect(isPublicAddress(address)).toBe(true);
  });

  it.each([
    '127.0.0.1',
    '127.255.255.254',
    '0.0.0.0',
    '10.1.2.3',
    '172.16.0.1',
    '192.168.1.1',
    '169.254.169.254',
    '168.63.129.16',
    '100.100.100.200',
    '192.0.0.192',
    '198.18.0.1',
    '224.0.0.1',
    '255.255.255.255',
    '0x7f.1',
    '2130706433',
    '017700000001',
    '::',
    '::1',
    '::ffff:127.0.0.1',
    '::ffff:a9fe:a9fe',
    '::ffff:168.63.129.16',
    '::127.0.0.1',
    '::7f00:1',
    '64:ff9b::7f00:1',
    '2002:7f00:1::',
    'fe80::1%eth0',
    'fd00:ec2::254',
    'fec0::1',
    'ff02::1',
    'localhost',
    '',
  ])('%j is not public', (address) => {
    expect(isPublicAddress(address)).toBe(false);
  });
});

describe('the URL of a page', () => {
  it.each([
    ['HTTP://Example.COM:80', 'http://example.com/'],
    ['http://example.com/a/../b?#top', 'http://example.com/b'],
    ['http://user:pass@example.com/', 'http://example.com/'],
    ['http://example.com/%c3%a4?q=%2f', 'http://example.com/%C3%A4?q=%2F'],
    ['http://2130706433/', 'http://127.0.0.1/'],
  ])('%s is known as %s', (text, url) => {
    expect(pageUrl(text)).toBe(url);
  });

  it.each([
    'ftp://example.com/',
    'javascript:alert(1)',
    'mailto:a@example.com',
    '/relative',
    `http://a/${'b'.repeat(2_000)}`,
  ])('is not %s', (text) => {
    expect(pageUrl(text)).toBeUndefined();
  });
});

describe('a page', () => {
  const parse = (html: string | Buffer, type = 'text/html', pieceLength = 3) => {
    const parser = new PageParser('http://example.com/dir/page', type);
    const bytes = Buffer.from(html as string);
    for (let at = 0; at < bytes.length; at += pieceLength) parser.add(bytes.subarray(at, at + pieceLength));
    return parser.end();
  };

  it('has the same title and links wherever its pieces end', () => {
    const html =
      '<!doctype html><TITLE>\n Käse &amp;\n Brot </TITLE><svg><title>no</title></svg><a href=" b ">b</a><AREA HREF="/c#x">' +
      '<a href="/c#y">c</a><a href="mailto:a@b.c">m</a><a>none</a><!-- <a href="/hidden"> --><script>"<a href=/s>"</script>';
    for (const length of [1, 2, 7, 1_000])
      expect(parse(html, 'text/html', length)).toEqual({
        title: 'Käse & Brot',
        links: ['http://example.com/dir/b', 'http://example.com/c'],
      });
  });

  it('resolves links against its base, wherever that stands', () => {
    const html =
      '<a href="x">x</a><base href="/other/"><base href="/ignored/"><a href="//example.org/y">y</a>';
    expect(parse(html).links).toEqual(['http://example.com/other/x', 'http://example.org/y']);
  });

  it('is read in the encoding that the server names', () => {
    const latin1 = Buffer.from('<title>Größe</title>', 'latin1');
    expect(parse(latin1, 'text/html; charset="ISO-8859-1"').title).toBe('Größe');
    expect(parse('<title>Größe</title>', 'text/html; charset=klingon').title).toBe('Größe');
  });
});

describe('robots.txt', () => {
  it('is obeyed for the crawler that it names', () => {
    const text =
      'User-agent: *\nDisallow: /\n\nUser-agent: celeriaccrawler\nDisallow: /private\nCrawl-delay: 1.5';
    const robots = new Robots('http://example.com/robots.txt', text, 'CeleriacCrawler/1.0');
    expect(robots.allows('http://example.com/')).toBe(true);
    expect(robots.allows('http://example.com/private/x')).toBe(false);
    expect(robots.delay).toBe(1_500);
  });
});

describe('an input', () => {
  const refusal = (given: unknown): string => {
    try {
      readInput(given);
    } catch (error) {
      expect(error).toMatchObject({ code: 'INVALID_INPUT' });
      return (error as Error).message;
    }
    return 'accepted';
  };

  it('has defaults', () => {
    expect(readInput({ url: 'https://example.com#top' })).toEqual({
      url: 'https://example.com/',
      depth: 2,
      maxPages: 50,
      delay: undefined,
    });
  });

  it.each([
    [null, 'input: expected an object with url, depth, maxPages and delay'],
    [{}, 'input.url: expected an http or https URL'],
    [{ url: 'example.com' }, 'input.url: expected an http or https URL'],
    [{ url: 'file:///etc/passwd' }, 'input.url: expected an http or https URL'],
    [{ url: 'http://ada:secret@example.com/' }, "without user and password, got 'http://example.com/'"],
    [{ url: 'http://a.b', depth: 6 }, 'input.depth: expected a whole number from 0 to 5, got 6'],
    [{ url: 'http://a.b', maxPages: 0 }, 'input.maxPages: expected a whole number from 1 to 500, got 0'],
    [{ url: 'http://a.b', delay: '1s' }, "input.delay: expected a whole number from 0 to 10000, got '1s'"],
    [{ url: 'http://a.b', allowPrivateAddresses: true }, 'input: expected an object'],
  ])('that is wrong is refused with what was expected (%#)', (given, words) => {
    expect(refusal(given)).toContain(words);
    expect(refusal(given)).not.toContain('secret');
  });
});

it('options out of range are refused with what was expected', () => {
  expect(() => new CrawlerSettings({ requestTimeout: 0 })).toThrow(
    'CrawlerModule: requestTimeout: expected a whole number of 1 or more, got 0',
  );
  expect(() => new CrawlerSettings({ userAgent: 'a\r\nb' })).toThrow('CrawlerModule: userAgent: expected');
});
