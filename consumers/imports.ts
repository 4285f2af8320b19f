/** The specifiers of a built module's imports and re-exports, static and dynamic. */
export function importsOf(code: string): readonly string[] {
  const statements = code.matchAll(/^(?:import|export)\b(?:[\w\s$*{},]*\bfrom)?\s*['"]([^'"]+)['"]/gm);
  const calls = code.matchAll(/\bimport\(\s*['"]([^'"]+)['"]\s*\)/g);
  return [...statements, ...calls].map(([, specifier = '']) => specifier);
}

/** The specifiers that are not paths: only an import map, a bundler or Node resolves them. */
export function bareImportsOf(code: string): readonly string[] {
  return importsOf(code).filter((specifier) => !/^[./]|^\w+:/.test(specifier));
}
