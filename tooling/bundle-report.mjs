#!/usr/bin/env node
// Prints the bytes of the page bundle of `uploadFile`, file by file. Of each file: what the gzipped bundle would lose
// without it, and its size minified. Not the limit: that is in test/surface.test.ts.
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
    const [own, others] = [true, false].map((wanted) =>
      pick(text, owners, (each) => (each === owner) === wanted),
    );
    return { owner, gzipped: whole - gzipSync(others).length, minified: own.length };
  });
  console.log(`${fileName}: ${whole} bytes gzipped, ${text.length} minified`);
  for (const { owner, gzipped, minified } of rows.sort((a, b) => b.gzipped - a.gzipped)) {
    console.log(`${String(gzipped).padStart(7)} ${String(minified).padStart(7)}  ${owner}`);
  }
}

/** For each character the file it was made of. */
function ownersOf(text, map) {
  return text.split('\n').flatMap((line, row) =>
    Array.from({ length: line.length + 1 }, (_, column) => {
      const { originalSource = 'the bundler' } = map.findEntry(row, column);
      return originalSource.replace(/^.*?(packages|node_modules)\//, '$1/');
    }),
  );
}

function pick(text, owners, isWanted) {
  return text
    .split('')
    .filter((_, index) => isWanted(owners[index]))
    .join('');
}
