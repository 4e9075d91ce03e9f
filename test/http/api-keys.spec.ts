import { describe, expect, it } from '@jest/globals';
import { parseApiKeys } from '#dist/tasks/http/index.js';

describe('keys', () => {
  const mistake = (text: string) => {
    try {
      parseApiKeys(text);
    } catch (error) {
      return (error as Error).message;
    }
    return undefined;
  };

  it('may have colons in them, and white space around them', () => {
    expect(parseApiKeys(' submit:shop:a:b:c:d:e:f:g:h:i , admin:*:0123456789abcdef')).toEqual([
      { role: 'submit', owner: 'shop', key: 'a:b:c:d:e:f:g:h:i' },
      { role: 'admin', owner: '*', key: '0123456789abcdef' },
    ]);
  });

  it('are refused by their place and without themselves', () => {
    expect(mistake('root:*:0123456789abcdef')).toMatch(
      /^keys\[0\]\.role: expected submit, read, metrics, admin/,
    );
    expect(mistake('admin:*:0123456789abcdef,submit:a b:secret-secret-secret')).toMatch(
      /^keys\[1\]\.owner: /,
    );
    expect(mistake('submit:ann:secret')).toMatch(/^keys\[0\]\.key: expected at least 16 characters/);
    expect(mistake('')).toMatch(/^keys\[0\]\.role/);
    for (const text of ['submit:ann:secret', 'secret:a:b', 'submit:sec ret:0123456789abcdef'])
      expect(mistake(text)).not.toMatch(/sec ?ret/);
  });
});
