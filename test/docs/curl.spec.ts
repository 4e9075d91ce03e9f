import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { OpenAPIObject } from '@nestjs/swagger';
import { ApiProcess } from '../support/api-process.js';
import { createDatabase, type TestDatabase } from '../support/database.js';
import { readDocuments } from '../support/documents.js';
import { operationsOf, type Operation } from '../support/openapi.js';
import { shellCommands } from '../support/shell-lines.js';

const BODIES = ['-d', '--data', '--data-raw', '--json', '-F', '--form'];

/** What curl asks for by a command line: with a body it is POST, unless the line says otherwise. */
function requestOf(words: readonly string[]): { method: string; path: string } | undefined {
  const url = words.find((word) => /^(https?:\/\/)?localhost:\d+/.test(word));
  if (!url) return undefined;
  const method = words[words.findIndex((word) => word === '-X' || word === '--request') + 1]!;
  const said = words.some((word) => word === '-X' || word === '--request');
  return {
    method: said ? method : words.some((word) => BODIES.includes(word)) ? 'POST' : 'GET',
    path: url.replace(/^(https?:\/\/)?localhost:\d+/, '').replace(/\?.*$/, ''),
  };
}

/** Whether a path fits one of the document. */
function fits(path: string, { path: served }: Operation): boolean {
  const asked = path.split('/');
  const parts = served.split('/');
  return (
    asked.length === parts.length &&
    parts.every((part, i) => {
      if (!part.startsWith('{')) return part === asked[i];
      // names of tasks have a dot and ids are variables: a misspelt route is neither
      return part === '{queue}' || /[$.]/.test(asked[i]!);
    })
  );
}

describe('curl lines of the documents', () => {
  let database: TestDatabase;
  let api: ApiProcess;

  beforeAll(async () => {
    database = await createDatabase();
    api = await ApiProcess.start(database.url);
  });
  afterAll(async () => {
    await api.kill();
    await database.drop();
  });

  it('ask for routes and methods that the application serves', async () => {
    const response = await fetch(`${api.url}/docs-json`);
    const operations = operationsOf((await response.json()) as OpenAPIObject);
    const lines = (await readDocuments()).flatMap(({ path, blocks, spans }) =>
      [...blocks.filter(({ language }) => /^(ba)?sh$/.test(language)).map(({ code }) => code), ...spans]
        .flatMap(shellCommands)
        .filter(([command, ...rest]) => command === 'curl' && rest.length > 0)
        .map((words) => ({ line: `${path}: ${words.join(' ')}`, request: requestOf(words) })),
    );
    const wrong = lines.filter(
      ({ request }) =>
        !request || !operations.some((each) => each.method === request.method && fits(request.path, each)),
    );
    expect(wrong.map(({ line }) => line)).toEqual([]);
    expect(lines.length).toBeGreaterThan(30);
  });
});
