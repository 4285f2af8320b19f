import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { homedir, tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, inject, test } from 'vitest';
import { bareImportsOf, importsOf } from './imports.ts';
import { installedFolder, PACKAGES, readManifest } from './packages.ts';
import { run } from './run.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const folder = inject('folder');
const plain = join(folder, 'plain');
const bins = join(plain, 'node_modules/.bin');

describe.each(PACKAGES)('@partway/%s, as it is packed,', (name) => {
  const here = installedFolder(plain, name);
  const manifest = readManifest(plain, name);
  const tarball = join(folder, `partway-${name}-${manifest.version}.tgz`);
  const files = filesUnder(here);
  const built = files.filter((path) => /^dist\/.*\.(js|d\.ts)$/.test(path));

  test('passes publint', async () => {
    const { stdout } = await run(plain, join(bins, 'publint'), 'run', '--strict', tarball);
    expect(stdout).toContain('All good!');
  });

  test('has types for every module that can be resolved', async () => {
    const { stdout } = await run(
      plain,
      join(bins, 'attw'),
      '--profile',
      'esm-only',
      '--format',
      'json',
      tarball,
    );
    const { analysis } = JSON.parse(stdout);
    expect(Object.keys(analysis.entrypoints).length).toBe(Object.keys(manifest.exports).length);
    // `require` and the resolution of Node 10 are not supported.
    const problems = analysis.problems.filter(
      ({ resolutionKind }: { resolutionKind?: string }) =>
        !/^node10$|^node16-cjs$/.test(resolutionKind ?? ''),
    );
    expect(problems).toEqual([]);
  });

  test('contains its licence, README, build output and sources', () => {
    const contents = new Set(['LICENSE', 'README.md', 'dist', 'package.json', 'src']);
    expect(new Set(readdirSync(here))).toEqual(contents);
    expect(files.filter((path) => /\.test\.|\.tsbuildinfo$|(^|\/)(test|\.[^/]*)\//.test(path))).toEqual([]);
    const outdated = built.filter((path) => !files.includes(sourceOf(path)));
    expect(outdated, 'left in dist by an earlier build: remove the folder').toEqual([]);
    const sources = files.filter((path) => path.startsWith('src/') && !path.endsWith('.d.ts'));
    expect(sources.length).toBeGreaterThan(5);
    expect(sources.filter((path) => !built.includes(builtOf(path)))).toEqual([]);
    console.log(`@partway/${name}: ${statSync(tarball).size} bytes packed, ${files.length} files`);
  });

  test('contains no path of the machine that built it', () => {
    const places = [root, `${homedir()}/`, `${tmpdir()}/`];
    const revealing = files.filter((path) => {
      const text = readFileSync(join(here, path), 'utf8');
      return places.some((place) => text.includes(place));
    });
    expect(revealing).toEqual([]);
  });

  test('has a source map for each file that names one, with existing sources', () => {
    const maps = files.filter((path) => path.endsWith('.map'));
    const named = built.map((path) => [path, readMapName(join(here, path))] as const);
    expect(named.filter(([path, map]) => map !== `${path}.map`.split('/').at(-1))).toEqual([]);
    expect(new Set(maps)).toEqual(new Set(built.map((path) => `${path}.map`)));
    expect(maps.flatMap((path) => findMissingSources(join(here, path)))).toEqual([]);
  });

  test('depends on exactly the packages that it imports', () => {
    expect(readFileSync(join(here, 'package.json'), 'utf8')).not.toMatch(/workspace:|\bsource\b/);
    const packages = new Set(
      built
        .flatMap((path) => bareImportsOf(readFileSync(join(here, path), 'utf8')))
        .filter((specifier) => !isBuiltin(specifier) && manifest.imports?.[specifier] === undefined)
        .map(packageOf),
    );
    const peers = new Set(Object.keys(manifest.peerDependencies ?? {}));
    const needed = new Set([...packages].filter((each) => !peers.has(each)));
    expect(needed).toEqual(new Set(Object.keys(manifest.dependencies)));
    const own = Object.entries(manifest.dependencies).filter(([each]) => each.startsWith('@partway/'));
    expect(own.filter(([, version]) => version !== manifest.version)).toEqual([]);
  });

  test('imports only existing files of its own', () => {
    const missing = built.flatMap((path) =>
      importsOf(readFileSync(join(here, path), 'utf8'))
        .filter((specifier) => specifier.startsWith('.'))
        // Declarations import the sources that they declare.
        .map((specifier) => join(dirname(path), specifier).replace(/(?<!\.d)\.ts$/, '.d.ts'))
        .filter((target) => !files.includes(target)),
    );
    expect(missing).toEqual([]);
  });

  test('runs no install script, and its commands are executable', () => {
    expect(Object.keys(manifest.scripts ?? {})).toEqual([]);
    for (const path of Object.values(manifest.bin ?? {})) {
      expect(readFileSync(join(here, path), 'utf8')).toMatch(/^#!\/usr\/bin\/env node\n/);
    }
  });

  test('shows only code in its README that a test runs', () => {
    const blocks = [
      ...readFileSync(join(here, 'README.md'), 'utf8').matchAll(/```(?:ts|js)\n([\s\S]*?)```/g),
    ];
    expect(blocks.length).toBeGreaterThan(0);
    const shown = blocks.map(([, code = '']) => code);
    expect(shown.filter((code) => !TESTED_SOURCES.some((text) => text.includes(code)))).toEqual([]);
  });
});

test('the README shows how the packages are packed', () => {
  const { packageManager } = JSON.parse(readFileSync(`${root}package.json`, 'utf8'));
  const readme = readFileSync(`${root}README.md`, 'utf8');
  expect(readme).toContain(
    `npx ${packageManager} -r --filter './packages/*' pack --pack-destination /tmp/partway`,
  );
  const [, names = ''] = /npm install \/tmp\/partway\/partway-\{([\w,]+)\}-\*\.tgz/.exec(readme) ?? [];
  expect(names.split(',')).toEqual([...PACKAGES]);
});

/** The files with code that test/core-readme.test.ts or the consumers run. */
const TESTED_SOURCES = [
  'packages/core/README.md',
  'consumers/plain/node/emulator.ts',
  'consumers/plain/node/upload.ts',
  'consumers/plain/pages/upload.js',
].map((path) => readFileSync(root + path, 'utf8'));

function filesUnder(place: string): string[] {
  return readdirSync(place, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(place, join(entry.parentPath, entry.name)));
}

function sourceOf(path: string): string {
  return path.replace(/^dist\/(.*?)(\.d)?\.(js|ts)$/, 'src/$1.ts');
}

function builtOf(path: string): string {
  return path.replace(/^src\/(.*)\.ts$/, 'dist/$1.js');
}

function readMapName(path: string): string | undefined {
  return /\/\/# sourceMappingURL=(\S+)\s*$/.exec(readFileSync(path, 'utf8'))?.[1];
}

/** Sources that are neither in the map nor beside it. */
function findMissingSources(path: string): readonly string[] {
  const { sources, sourcesContent = [], sourceRoot = '' } = JSON.parse(readFileSync(path, 'utf8'));
  return sources.filter(
    (source: string, index: number) =>
      typeof sourcesContent[index] !== 'string' && !existsSync(join(dirname(path), sourceRoot, source)),
  );
}

/** `@partway/core` of `@partway/core/oss`. */
function packageOf(specifier: string): string {
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
}
