import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import ts from 'typescript-api';
import { closureOf, declarationsOf, resolveAlias } from './declarations.ts';

/** One key of a package's "exports", such as `@partway/core/oss`. */
export interface Entry {
  readonly specifier: string;
  readonly packageName: string;
  readonly exports: readonly Export[];
}

/** One name that an entry exports. */
export interface Export {
  readonly name: string;
  /** The symbol itself, behind every re-export. */
  readonly symbol: ts.Symbol;
  /** The first entry that exports the symbol. */
  readonly home: string;
  /** Whether the name exists at run time. */
  readonly isValue: boolean;
}

/** Symbols of one package that its API names, though no entry exports them. */
export interface Unexported {
  readonly packageName: string;
  readonly symbols: readonly ts.Symbol[];
}

export interface Api {
  /** Package by package, in the order of their "exports". */
  readonly entries: readonly Entry[];
  readonly unexported: readonly Unexported[];
}

const PACKAGES = ['core', 'node', 'browser', 'emulator'];

const root = fileURLToPath(new URL('../..', import.meta.url));

const OPTIONS: ts.CompilerOptions = {
  target: ts.ScriptTarget.ES2023,
  module: ts.ModuleKind.NodeNext,
  moduleResolution: ts.ModuleResolutionKind.NodeNext,
  customConditions: ['source'],
  allowImportingTsExtensions: true,
  isolatedDeclarations: true,
  declaration: true,
  strict: true,
  noEmit: true,
  noLib: true,
  types: [],
};

/**
 * Loads the public API of all packages from their sources, so that no build is needed. TypeScript 7 has no compiler
 * API; its predecessor reads the same sources.
 */
export function loadApi(): Api {
  const sources = PACKAGES.flatMap(sourcesOfPackage);
  const program = ts.createProgram({
    rootNames: sources.map(({ path }) => path),
    options: OPTIONS,
    host: createHost(),
  });
  const checker = program.getTypeChecker();
  const homes = new Map<ts.Symbol, string>();
  const entries = sources.map(({ path, specifier, packageName }) => {
    const file = program.getSourceFile(path);
    const module = file && checker.getSymbolAtLocation(file);
    if (module === undefined) throw new Error(`${path}, which ${specifier} names, is no module`);
    const exports = checker.getExportsOfModule(module).map((exported) => {
      const symbol = resolveAlias(checker, exported);
      if (!homes.has(symbol)) homes.set(symbol, specifier);
      const isValue = (symbol.flags & ts.SymbolFlags.Value) !== 0 && !isTypeOnly(checker, exported);
      return { name: exported.name, symbol, home: homes.get(symbol) ?? specifier, isValue };
    });
    return { specifier, packageName, exports: exports.toSorted(byName) };
  });
  const others = closureOf(checker, [...homes.keys()]).filter((symbol) => !homes.has(symbol));
  return { entries, unexported: groupByPackage(others) };
}

function groupByPackage(symbols: readonly ts.Symbol[]): readonly Unexported[] {
  return PACKAGES.map((folder) => ({
    packageName: `@partway/${folder}`,
    symbols: symbols
      .filter((symbol) =>
        declarationsOf(symbol)[0]?.getSourceFile().fileName.includes(`/packages/${folder}/`),
      )
      .toSorted(byName),
  })).filter((group) => group.symbols.length > 0);
}

function byName(a: { readonly name: string }, b: { readonly name: string }): number {
  return a.name < b.name ? -1 : 1;
}

function sourcesOfPackage(folder: string): { specifier: string; packageName: string; path: string }[] {
  const { name, exports } = JSON.parse(readFileSync(`${root}packages/${folder}/package.json`, 'utf8'));
  return Object.entries<{ source?: string }>(exports).flatMap(([key, { source }]) =>
    source === undefined
      ? []
      : [{ specifier: name + key.slice(1), packageName: name, path: `${root}packages/${folder}/${source}` }],
  );
}

/** Whether `export type` or `import type` stands anywhere between a name and what it names. */
function isTypeOnly(checker: ts.TypeChecker, symbol: ts.Symbol): boolean {
  if ((symbol.flags & ts.SymbolFlags.Alias) === 0) return false;
  if (symbol.declarations?.some(ts.isTypeOnlyImportOrExportDeclaration)) return true;
  const next = checker.getImmediateAliasedSymbol(symbol);
  return next !== undefined && isTypeOnly(checker, next);
}

/** Reads our sources as their declarations: without function bodies, inferred types and private members. */
function createHost(): ts.CompilerHost {
  const host = ts.createCompilerHost(OPTIONS, true);
  return {
    ...host,
    getSourceFile: (path, target, ...others) =>
      path.includes('/node_modules/')
        ? host.getSourceFile(path, target, ...others)
        : ts.createSourceFile(path, readDeclarations(path), target, true),
    // A type of another package is printed by its name: nothing needs to be known of it.
    resolveModuleNameLiterals: (names, from, redirect, options) =>
      names.map(({ text }) =>
        /^(\.|@partway\/)/.test(text)
          ? ts.resolveModuleName(text, from, options, host, undefined, redirect)
          : { resolvedModule: undefined },
      ),
  };
}

function readDeclarations(path: string): string {
  const text = readFileSync(path, 'utf8');
  return ts.transpileDeclaration(text, { fileName: path, compilerOptions: OPTIONS }).outputText;
}
