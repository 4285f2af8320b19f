#!/usr/bin/env node
// Prints the size of the page bundle of `uploadFile` by file: how much smaller the gzipped bundle is without the file,
// and the minified size of the file. The limit is in test/surface.test.ts.
//   npm run bundle-report [-- FILE]
import { SourceMap } from 'node:module';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { build } from 'vite';

const root = fileURLToPath(new URL('..', import.meta.url));
const [entry = 'packages/browser/src/upload-file.ts'] = process.argv.slice(2);

const outputs = await build({
  configFile: false,
  root,
  logLevel: 'error',
  resolve: { conditions: ['source', 'module', 'browser', 'default'] },
  build: {
    write: false,
    sourcemap: true,
    minify: false,
    rolldownOptions: { output: { minify: true } },
    lib: { entry, formats: ['es'], fileName: 'bundle' },
  },
});
for (const chunk of outputs.flatMap(({ output }) => output).filter(({ type }) => type === 'chunk')) {
  report(chunk);
}

function report({ fileName, code, map }) {
  const text = code.replace(/\n\/\/# sourceMappingURL=.*\s*$/, '');
  const owners = ownersOf(text, new SourceMap(map));
  const whole = gzipSync(text).length;
  const rows = [...new Set(owners)].map((owner) => {
    const [own, others] = [true, false].map((isOwn) =>
      pick(text, owners, (each) => (each === owner) === isOwn),
    );
    return { owner, gzipped: whole - gzipSync(others).length, minified: own.length };
  });
  console.log(`${fileName}: ${whole} bytes gzipped, ${text.length} minified`);
  for (const { owner, gzipped, minified } of rows.sort((a, b) => b.gzipped - a.gzipped)) {
    console.log(`${String(gzipped).padStart(7)} ${String(minified).padStart(7)}  ${owner}`);
  }
}

/** The source file of each character. */
function ownersOf(text, map) {
  return text.split('\n').flatMap((line, row) =>
    Array.from({ length: line.length + 1 }, (_, column) => {
      const { originalSource = 'the bundler' } = map.findEntry(row, column);
      return originalSource.replace(/^.*?(packages|node_modules)\//, '$1/');
    }),
  );
}

function pick(text, owners, matches) {
  return text
    .split('')
    .filter((_, index) => matches(owners[index]))
    .join('');
}
