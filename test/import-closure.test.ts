import { readFileSync } from 'node:fs';
import { dirname, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseSync } from 'vite';
import { expect, test } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));

/** Few enough to read when you debug `uploadFile`. */
const FILES_MAX = 55;

test(`uploadFile of Node statically imports at most ${FILES_MAX} files of our packages`, () => {
  const closure = closureOf('packages/node/src/upload-file.ts');
  console.log(`uploadFile of Node statically imports ${closure.length} files`);
  expect(closure.length, closure.join('\n')).toBeLessThanOrEqual(FILES_MAX);
});

/**
 * The file itself and all files that it imports at run time, directly or through others. An entry of a package
 * only lists exports: it is not counted, and only the files behind the imported names are.
 */
function closureOf(entry: string): readonly string[] {
  const closure = new Set<string>();
  const visit = (path: string, names: readonly string[]): void => {
    if (closure.has(path)) return;
    const imports = importsOf(path);
    const isEntry = /\/index(\.\w+)?\.ts$/.test(path);
    if (!isEntry) closure.add(path);
    for (const { target, name } of imports) {
      if (!isEntry || names.includes(name)) visit(target, [name]);
    }
  };
  visit(resolve(root, entry), []);
  return [...closure].map((path) => relative(root, path));
}

interface Import {
  readonly target: string;
  readonly name: string;
}

/** The values, not types, that a file imports or re-exports from our own files. */
function importsOf(path: string): readonly Import[] {
  const { staticImports, staticExports } = parseSync(path, readFileSync(path, 'utf8')).module;
  const imported = staticImports.flatMap(({ moduleRequest, entries }) =>
    entries.map(({ importName, isType }) => ({ specifier: moduleRequest.value, importName, isType })),
  );
  const exported = staticExports.flatMap(({ entries }) =>
    entries.map(({ moduleRequest, importName, isType }) => ({
      specifier: moduleRequest?.value,
      importName,
      isType,
    })),
  );
  return [...imported, ...exported].flatMap(({ specifier, importName, isType }) => {
    const target = specifier === undefined || isType ? undefined : targetOf(path, specifier);
    return target === undefined ? [] : [{ target, name: importName.name ?? '*' }];
  });
}

/** The file that a specifier names; `undefined` for other people's packages. */
function targetOf(importer: string, specifier: string): string | undefined {
  if (specifier.startsWith('.')) return resolve(dirname(importer), specifier);
  const [, name, subpath = ''] = /^@partway\/(\w+)(\/.+)?$/.exec(specifier) ?? [];
  if (name === undefined) return undefined;
  const { exports } = JSON.parse(readFileSync(`${root}packages/${name}/package.json`, 'utf8'));
  return resolve(root, 'packages', name, exports[`.${subpath}`].source);
}
