// Bundles the worker into one file, dist/crc64/crc64-worker.js. Workers do not support import maps: in a page without a
// bundler the worker could not import @partway/core. Runs before packing; `--print` writes to stdout, for tests.
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
    // Replaces the source map of the unbundled worker.
    sourcemap: !isPrinted,
    outDir,
    lib: { entry, formats: ['es'], fileName: 'crc64/crc64-worker' },
  },
});
const [worker, ...others] = output;
const extraFiles = others.filter(({ fileName }) => fileName !== 'crc64/crc64-worker.js.map');
if (extraFiles.length > 0) throw new Error(`the worker must be one file, got ${extraFiles.length + 1}`);

if (isPrinted) process.stdout.write(worker.code);
else await Promise.all(output.map(write));

function write({ fileName, code, source }) {
  return writeFile(`${outDir}/${fileName}`, code ?? source);
}
