import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import ts from 'typescript-api';
import { declarationsOf, isPrivate } from './declarations.ts';
import type { Api, Entry, Export } from './load-api.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const printer = ts.createPrinter({ removeComments: true });

/**
 * The public API as text: the exports of each entry by name, as declarations without comments and bodies. A
 * symbol is printed in the first entry that exports it; later entries refer to it. Types that no entry
 * exports, but declarations refer to, follow at the end: a change to them changes the API too.
 */
export function printApi({ entries, unexported }: Api): string {
  const rest = unexported.map(({ packageName, symbols }) => {
    const texts = symbols.map((symbol) => printSymbol(symbol, symbol.name));
    return [heading(`${packageName}: exported by no entry, named by one that is`), ...texts].join('\n\n');
  });
  return format([...entries.map(printEntry), ...rest].join('\n\n'));
}

function printEntry({ specifier, exports }: Entry): string {
  const own = exports.filter(({ home }) => home === specifier);
  const references = exports
    .filter(({ home }) => home !== specifier)
    .map(({ name, symbol, home, isValue }) => {
      const names = name === symbol.name ? name : `${symbol.name} as ${name}`;
      return `export ${isValue ? '' : 'type '}{ ${names} } from '${home}';`;
    });
  return [heading(specifier), references.join('\n'), ...own.map(printExport)].filter(Boolean).join('\n\n');
}

function heading(text: string): string {
  return `// ${'='.repeat(20)} ${text} ${'='.repeat(20)}`;
}

function printExport({ name, symbol, isValue }: Export): string {
  const text = printSymbol(symbol, name);
  const isTypeOnly = !isValue && (symbol.flags & ts.SymbolFlags.Value) !== 0;
  return isTypeOnly ? `// exported as a type only\n${text}` : text;
}

function printSymbol(symbol: ts.Symbol, name: string): string {
  const texts = declarationsOf(symbol).map((declaration) => {
    const { transformed } = ts.transform(declaration, [tidyDeclaration]);
    const [tidy = declaration] = transformed;
    return printer.printNode(ts.EmitHint.Unspecified, tidy, declaration.getSourceFile());
  });
  return name === symbol.name ? texts.join('\n') : `// exported as ${name}\n${texts.join('\n')}`;
}

/**
 * Removes parts that are not in the API: `export declare`, private members, names of destructured parameters.
 */
const tidyDeclaration: ts.TransformerFactory<ts.Statement> = (context) => {
  const visit = (node: ts.Node): ts.Node | undefined => {
    if (node.kind === ts.SyntaxKind.ExportKeyword || node.kind === ts.SyntaxKind.DeclareKeyword)
      return undefined;
    if (ts.isClassElement(node) && isPrivate(node)) return undefined;
    if (ts.isObjectBindingPattern(node)) return context.factory.createIdentifier('options');
    if (ts.isArrayBindingPattern(node)) return context.factory.createIdentifier('items');
    return ts.visitEachChild(node, visit, context);
  };
  return (statement) => ts.visitEachChild(statement, visit, context);
};

function format(text: string): string {
  const biome = `${root}node_modules/@biomejs/biome/bin/biome`;
  const args = [biome, 'format', '--stdin-file-path=test/public-api.d.ts'];
  return execFileSync(process.execPath, args, { cwd: root, input: text }).toString();
}
