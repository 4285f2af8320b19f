import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, inject, test } from 'vitest';
import { ENTRY_COUNT, listEntries, PACKAGES } from './packages.ts';
import { run } from './run.ts';

const folder = inject('folder');

/** The module resolution and module kinds of TypeScript. */
const RESOLUTIONS = { nodenext: 'nodenext', bundler: 'esnext' };
type Resolution = keyof typeof RESOLUTIONS;

/** The current compiler and earlier ones, by their names in plain/package.json. */
const EARLIER = ['typescript-6', 'typescript-5'];

const projects = ['plain', 'peers'].flatMap((consumer) =>
  ['node', 'page'].map((lib): [consumer: string, lib: string] => [consumer, lib]),
);

test.each(projects)(
  'strict code of consumer %s for a %s compiles with both module resolutions',
  async (...project) => {
    await compile('typescript', project, 'nodenext');
    await compile('typescript', project, 'bundler');
  },
);

test.each(EARLIER)('strict code of consumer plain compiles with %s', async (compiler) => {
  await Promise.all([
    compile(compiler, ['plain', 'node'], 'nodenext'),
    compile(compiler, ['plain', 'page'], 'bundler'),
  ]);
});

async function compile(
  compiler: string,
  [consumer, lib]: readonly [consumer: string, lib: string],
  resolution: Resolution,
): Promise<void> {
  const tsc = join(folder, 'plain/node_modules', compiler, 'bin/tsc');
  const modules = ['--module', RESOLUTIONS[resolution], '--moduleResolution', resolution];
  await run(
    join(folder, consumer),
    process.execPath,
    tsc,
    '-p',
    `tsconfig.${lib}.json`,
    '--noEmit',
    ...modules,
  );
}

test('the consumers import every entry except the unstable one', () => {
  const imported = ['plain', 'peers']
    .flatMap((consumer) => {
      const types = join(folder, consumer, 'types');
      return readdirSync(types).map((name) => readFileSync(join(types, name), 'utf8'));
    })
    .join('\n');
  const entries = PACKAGES.flatMap((name) => listEntries(join(folder, 'plain'), name));
  expect(entries).toHaveLength(ENTRY_COUNT);
  const missing = entries.filter((entry) => !imported.includes(`from '${entry}'`));
  expect(missing).toEqual(['@partway/core/internal']);
});
