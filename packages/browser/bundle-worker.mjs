// What is published as dist/crc64-worker.js imports nothing: a worker knows no import map, so in a page without a
// bundler it could not find @partway/core. Run before packing; `--print` writes to the standard output, for tests.
import { writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { build } from 'vite';

const entry = fileURLToPath(new URL('src/crc64-worker.ts', import.meta.url));
const [{ output }] = await build({
  configFile: false,
  logLevel: 'error',
  resolve: { conditions: ['source', 'module', 'browser'] },
  build: { write: false, minify: true, lib: { entry, formats: ['es'], fileName: 'crc64-worker' } },
});
if (output.length !== 1) throw new Error(`the worker is ${output.length} files, and must be one`);

if (process.argv.includes('--print')) process.stdout.write(output[0].code);
else await writeFile(new URL('dist/crc64-worker.js', import.meta.url), output[0].code);
