// What is published as dist/crc64/crc64-worker.js imports nothing: a worker knows no import map, so in a page without a
// bundler it could not find @partway/core. Run before packing; `--print` writes to the standard output, for tests.
import { writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { build } from 'vite';

const isPrinted = process.argv.includes('--print');
const entry = fileURLToPath(new URL('src/crc64/crc64-worker.ts', import.meta.url));
const outDir = fileURLToPath(new URL('dist', import.meta.url));
const [{ output }] = await build({
  configFile: false,
  logLevel: 'error',
  resolve: { conditions: ['source', 'module', 'browser'] },
  build: {
    write: false,
    minify: true,
    // In place of the one that the compiler has made of the worker as it was.
    sourcemap: !isPrinted,
    outDir,
    lib: { entry, formats: ['es'], fileName: 'crc64/crc64-worker' },
  },
});
const [worker, ...others] = output;
const strays = others.filter(({ fileName }) => fileName !== 'crc64/crc64-worker.js.map');
if (strays.length > 0) throw new Error(`the worker is ${strays.length + 1} files, and must be one`);

if (isPrinted) process.stdout.write(worker.code);
else await Promise.all(output.map(write));

function write({ fileName, code, source }) {
  return writeFile(`${outDir}/${fileName}`, code ?? source);
}
