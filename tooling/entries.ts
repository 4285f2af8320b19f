import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import ts from 'typescript-api';

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
  /** Whether the name exists at run time. */
  readonly isValue: boolean;
}

export interface Api {
  readonly checker: ts.TypeChecker;
  /** Package by package, in the order of their "exports". */
  readonly entries: readonly Entry[];
}

export const PACKAGES = ['core', 'node', 'browser', 'emulator'];

const root = fileURLToPath(new URL('..', import.meta.url));

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
  const entries = sources.map(({ path, ...entry }) => {
    const module = checker.getSymbolAtLocation(program.getSourceFile(path) as ts.SourceFile);
    const exported = module === undefined ? [] : checker.getExportsOfModule(module);
    return { ...entry, exports: exported.map((symbol) => describeExport(checker, symbol)).toSorted(byName) };
  });
  return { checker, entries };
}

export function byName(a: { readonly name: string }, b: { readonly name: string }): number {
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

function describeExport(checker: ts.TypeChecker, exported: ts.Symbol): Export {
  const isAlias = (exported.flags & ts.SymbolFlags.Alias) !== 0;
  const symbol = isAlias ? checker.getAliasedSymbol(exported) : exported;
  const isValue = (symbol.flags & ts.SymbolFlags.Value) !== 0 && !isTypeOnly(checker, exported);
  return { name: exported.name, symbol, isValue };
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
        : ts.createSourceFile(path, declarationsOf(path), target, true),
    // A type of another package is printed by its name: nothing needs to be known of it.
    resolveModuleNameLiterals: (names, from, redirect, options) =>
      names.map(({ text }) =>
        /^(\.|@partway\/)/.test(text)
          ? ts.resolveModuleName(text, from, options, host, undefined, redirect)
          : { resolvedModule: undefined },
      ),
  };
}

function declarationsOf(path: string): string {
  const text = readFileSync(path, 'utf8');
  return ts.transpileDeclaration(text, { fileName: path, compilerOptions: OPTIONS }).outputText;
}
