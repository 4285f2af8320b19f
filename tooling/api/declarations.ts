import ts from 'typescript-api';

/** The statements that declare a symbol: a class, an interface, each overload of a function. */
export function declarationsOf(symbol: ts.Symbol): readonly ts.Statement[] {
  return (symbol.declarations ?? []).map((declaration) => {
    const statement = ts.findAncestor(declaration, ts.isStatement);
    if (statement === undefined) throw new Error(`${symbol.name} has no declaration statement`);
    return statement;
  });
}

export function isPrivate(member: ts.ClassElement): boolean {
  const isHidden = member.name !== undefined && ts.isPrivateIdentifier(member.name);
  return (
    isHidden || isArtifact(member) || (ts.getCombinedModifierFlags(member) & ts.ModifierFlags.Private) !== 0
  );
}

/** TypeScript 6 declares a property beside a method `static [Symbol.hasInstance]()`. */
function isArtifact(member: ts.ClassElement): boolean {
  return ts.isPropertyDeclaration(member) && ts.isComputedPropertyName(member.name);
}

/** The symbol behind every import and re-export. */
export function resolveAlias(checker: ts.TypeChecker, symbol: ts.Symbol): ts.Symbol {
  return (symbol.flags & ts.SymbolFlags.Alias) === 0 ? symbol : checker.getAliasedSymbol(symbol);
}

/** The symbols, and all symbols of the project that their declarations refer to, directly or indirectly. */
export function closureOf(checker: ts.TypeChecker, symbols: readonly ts.Symbol[]): readonly ts.Symbol[] {
  const found = new Set<ts.Symbol>();
  const visit = (node: ts.Node): void => {
    if (ts.isClassElement(node) && isPrivate(node)) return;
    if (ts.isIdentifier(node)) add(checker.getSymbolAtLocation(node));
    ts.forEachChild(node, visit);
  };
  const add = (named: ts.Symbol | undefined): void => {
    if (named === undefined) return;
    const symbol = resolveAlias(checker, named);
    if (found.has(symbol) || !isTopLevel(symbol)) return;
    found.add(symbol);
    for (const declaration of declarationsOf(symbol)) visit(declaration);
  };
  for (const symbol of symbols) add(symbol);
  return [...found];
}

/** Whether a symbol is declared at the top level of one of our files. */
function isTopLevel(symbol: ts.Symbol): boolean {
  const [declaration] = symbol.declarations ?? [];
  if (declaration === undefined || ts.isTypeParameterDeclaration(declaration)) return false;
  const parent = ts.isVariableDeclaration(declaration)
    ? declaration.parent.parent.parent
    : declaration.parent;
  return parent !== undefined && ts.isSourceFile(parent) && !parent.fileName.includes('/node_modules/');
}
