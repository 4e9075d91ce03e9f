import { createRequire } from 'node:module';
import { join } from 'node:path';
import type ts from 'typescript';
import { CliError } from '../errors.js';
import { EXIT } from '../exit-codes.js';

export interface ModuleAdditions {
  /** Lines such as `import { TasksModule } from 'celeriac';`, each left out when its names are imported already. */
  readonly importLines: readonly string[];
  /** Expressions for arrays of `@Module()`, with the word by which one that is there is known. */
  readonly elements: readonly {
    readonly property: 'imports' | 'providers';
    readonly known: string;
    readonly text: string;
  }[];
}

interface Edit {
  readonly at: number;
  readonly text: string;
}

/** The project's own compiler. @throws CliError */
export function loadTypeScript(folder: string): typeof ts {
  try {
    return createRequire(join(folder, 'package.json'))('typescript') as typeof ts;
  } catch {
    throw new CliError('typescript is not installed here: npm install', EXIT.notFound);
  }
}

/** The name of the class with `@Module()`. @throws CliError */
export function moduleName(compiler: typeof ts, path: string, source: string): string {
  return findModule(compiler, parse(compiler, path, source), path).name;
}

/** The source with what is missing of the additions; nothing else is touched. @throws CliError */
export function editModule(
  compiler: typeof ts,
  path: string,
  source: string,
  additions: ModuleAdditions,
): string {
  const file = parse(compiler, path, source);
  const { options } = findModule(compiler, file, path);
  const edits: Edit[] = [];
  const lines = additions.importLines.filter(
    (line) => !namesOf(line).every((name) => isImported(compiler, file, name)),
  );
  const last = file.statements.findLast((statement) => compiler.isImportDeclaration(statement));
  if (lines.length > 0) edits.push({ at: last?.end ?? 0, text: lines.map((line) => `\n${line}`).join('') });
  for (const property of ['imports', 'providers'] as const) {
    const missing = additions.elements.filter(
      (element) => element.property === property && !options.getText(file).includes(element.known),
    );
    if (missing.length > 0)
      edits.push(
        addTo(
          compiler,
          file,
          options,
          property,
          missing.map(({ text }) => text),
        ),
      );
  }
  return edits
    .toSorted((a, b) => b.at - a.at)
    .reduce((text, { at, text: added }) => text.slice(0, at) + added + text.slice(at), source);
}

const parse = (compiler: typeof ts, path: string, source: string) =>
  compiler.createSourceFile(path, source, compiler.ScriptTarget.Latest, true);

function findModule(
  compiler: typeof ts,
  file: ts.SourceFile,
  path: string,
): { name: string; options: ts.ObjectLiteralExpression } {
  for (const statement of file.statements) {
    if (!compiler.isClassDeclaration(statement) || !statement.name) continue;
    for (const { expression } of compiler.getDecorators(statement) ?? []) {
      if (!compiler.isCallExpression(expression) || expression.expression.getText(file) !== 'Module')
        continue;
      const [options] = expression.arguments;
      if (options && compiler.isObjectLiteralExpression(options))
        return { name: statement.name.text, options };
    }
  }
  throw new CliError(
    `${path} has no class with @Module({ … }): give the application's module with --module`,
    EXIT.notFound,
  );
}

function addTo(
  compiler: typeof ts,
  file: ts.SourceFile,
  options: ts.ObjectLiteralExpression,
  name: string,
  texts: readonly string[],
): Edit {
  const property = options.properties.find((each) => each.name?.getText(file) === name);
  const indented = texts.map((text) => `    ${text},\n`).join('');
  if (!property) {
    const at = options.getStart(file) + 1;
    return { at, text: `\n  ${name}: [\n${indented}  ],` };
  }
  if (!compiler.isPropertyAssignment(property) || !compiler.isArrayLiteralExpression(property.initializer))
    throw new CliError(
      `'${name}' of @Module() is no array to be read: add there by hand: ${texts.join(', ')}`,
      EXIT.failed,
    );
  const { elements } = property.initializer;
  const last = elements.at(-1);
  if (!last) return { at: elements.pos, text: `\n${indented}  ` };
  const whole = property.initializer.getText(file);
  if (whole.includes('\n')) return { at: last.end, text: texts.map((text) => `,\n    ${text}`).join('') };
  return { at: last.end, text: texts.map((text) => `, ${text}`).join('') };
}

const namesOf = (line: string) => /\{ (.*) \}/.exec(line)![1]!.split(', ');

function isImported(compiler: typeof ts, file: ts.SourceFile, name: string): boolean {
  return file.statements.some((statement) => {
    if (!compiler.isImportDeclaration(statement)) return false;
    const bindings = statement.importClause?.namedBindings;
    return (
      bindings !== undefined &&
      compiler.isNamedImports(bindings) &&
      bindings.elements.some((element) => element.name.text === name)
    );
  });
}
