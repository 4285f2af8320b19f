import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import ts from 'typescript-api';
import { type Api, byName, type Entry, type Export } from './entries.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const printer = ts.createPrinter({ removeComments: true });

/**
 * The public API as text: for each entry its exports by name, as declarations without comments and bodies. A symbol is
 * printed where it is exported first; later entries refer to that. Types that declarations name though no entry exports
 * them follow at the end: a change to them changes the API too.
 */
export function printApi({ checker, entries }: Api): string {
  const homes = new Map<ts.Symbol, string>();
  for (const { specifier, exports } of entries) {
    for (const { symbol } of exports) if (!homes.has(symbol)) homes.set(symbol, specifier);
  }
  const texts = entries.map((entry) => printEntry(entry, homes));
  const unexported = namedBy(checker, [...homes.keys()]).filter((symbol) => !homes.has(symbol));
  const packages = [...new Set(entries.map(({ packageName }) => packageName))];
  const rest = packages.map((name) => printUnexported(name, unexported));
  return format([...texts, ...rest].filter(Boolean).join('\n\n'));
}

function printEntry({ specifier, exports }: Entry, homes: ReadonlyMap<ts.Symbol, string>): string {
  const own = exports.filter(({ symbol }) => homes.get(symbol) === specifier);
  const others = exports.filter((each) => !own.includes(each));
  const references = others.map(
    ({ name, symbol, isValue }) =>
      `export ${isValue ? '' : 'type '}{ ${nameIn(name, symbol)} } from '${homes.get(symbol)}';`,
  );
  return [heading(specifier), references.join('\n'), ...own.map(printExport)].filter(Boolean).join('\n\n');
}

function printUnexported(packageName: string, unexported: readonly ts.Symbol[]): string {
  const folder = `/${packageName.replace('@partway/', 'packages/')}/`;
  const own = unexported.filter((symbol) =>
    symbol.declarations?.[0]?.getSourceFile().fileName.includes(folder),
  );
  if (own.length === 0) return '';
  const texts = own.toSorted(byName).map((symbol) => printSymbol(symbol, symbol.name));
  return [heading(`${packageName}: exported by no entry, named by one that is`), ...texts].join('\n\n');
}

function heading(text: string): string {
  return `// ${'='.repeat(20)} ${text} ${'='.repeat(20)}`;
}

function nameIn(name: string, symbol: ts.Symbol): string {
  return name === symbol.name ? name : `${symbol.name} as ${name}`;
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

/** The statements that declare a symbol: a class, an interface, each overload of a function. */
export function declarationsOf(symbol: ts.Symbol): readonly ts.Statement[] {
  return (symbol.declarations ?? []).map((declaration) => {
    const statement = ts.findAncestor(declaration, ts.isStatement);
    if (statement === undefined) throw new Error(`${symbol.name} is declared by no statement`);
    return statement;
  });
}

/** Removes `export declare`, private members and the local names of destructured parameters: no part of the API. */
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

export function isPrivate(member: ts.ClassElement): boolean {
  const isHidden = member.name !== undefined && ts.isPrivateIdentifier(member.name);
  return (
    isHidden || isArtifact(member) || (ts.getCombinedModifierFlags(member) & ts.ModifierFlags.Private) !== 0
  );
}

/** Beside a method `static [Symbol.hasInstance]()` TypeScript 6 declares a property of that name. */
function isArtifact(member: ts.ClassElement): boolean {
  return ts.isPropertyDeclaration(member) && ts.isComputedPropertyName(member.name);
}

/** Every symbol of ours that the declarations of `symbols` name, and those that these name in turn. */
function namedBy(checker: ts.TypeChecker, symbols: readonly ts.Symbol[]): readonly ts.Symbol[] {
  const found = new Set<ts.Symbol>();
  const visit = (node: ts.Node): void => {
    if (ts.isClassElement(node) && isPrivate(node)) return;
    if (ts.isIdentifier(node)) add(checker.getSymbolAtLocation(node));
    ts.forEachChild(node, visit);
  };
  const add = (named: ts.Symbol | undefined): void => {
    if (named === undefined) return;
    const isAlias = (named.flags & ts.SymbolFlags.Alias) !== 0;
    const symbol = isAlias ? checker.getAliasedSymbol(named) : named;
    if (found.has(symbol) || !isOfModule(symbol)) return;
    found.add(symbol);
    for (const declaration of declarationsOf(symbol)) visit(declaration);
  };
  for (const symbol of symbols) add(symbol);
  return [...found];
}

/** Whether a symbol is declared at the top level of one of our files. */
function isOfModule(symbol: ts.Symbol): boolean {
  const [declaration] = symbol.declarations ?? [];
  if (declaration === undefined || ts.isTypeParameterDeclaration(declaration)) return false;
  const parent = ts.isVariableDeclaration(declaration)
    ? declaration.parent.parent.parent
    : declaration.parent;
  return parent !== undefined && ts.isSourceFile(parent) && !parent.fileName.includes('/node_modules/');
}

function format(text: string): string {
  const biome = `${root}node_modules/@biomejs/biome/bin/biome`;
  const args = [biome, 'format', '--stdin-file-path=test/public-api.d.ts'];
  return execFileSync(process.execPath, args, { cwd: root, input: text }).toString();
}
