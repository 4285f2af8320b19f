// Builds crc64.ts with SIMD and without, and writes both into src/checksum/crc64-modules.ts, which is checked
// in. `npm run wasm` after a change; `--print` writes to the standard output, for the test that compares.
import { readFile, writeFile } from 'node:fs/promises';
import asc from 'assemblyscript/asc';

/** No runtime, nothing imported, two pages of memory that never grow. */
const OPTIONS = ['-O3', '--shrinkLevel', '1', '--converge', '--noAssert', '--runtime', 'stub'];
const MEMORY = ['--initialMemory', '2', '--maximumMemory', '2'];

/** Compiling this many bytes at once is allowed anywhere, the main thread of a page included. */
const SYNCHRONOUS_MAX = 4096;

const source = await readFile(new URL('crc64.ts', import.meta.url), 'utf8');

async function compile(...features) {
  let wasm;
  const { error, stderr } = await asc.main(
    ['crc64.ts', '--outFile', 'crc64.wasm', ...OPTIONS, ...MEMORY, ...features],
    {
      readFile: (name) => (name === 'crc64.ts' ? source : null),
      writeFile: (_, contents) => {
        wasm = contents;
      },
      listFiles: () => [],
    },
  );
  if (error) throw new Error(`crc64.ts does not compile:\n${stderr}`, { cause: error });
  if (wasm.length >= SYNCHRONOUS_MAX) throw new Error(`${wasm.length} bytes of WebAssembly are too many`);
  return wasm;
}

/** In hexadecimal: compressed, the two share most of it, which in base64 they do not. */
function constant(name, wasm) {
  const pieces = Buffer.from(wasm)
    .toString('hex')
    .match(/.{1,100}/g);
  const lines = pieces.map((piece) => `  '${piece}'`).join(' +\n');
  const comment = `/** ${wasm.length} bytes of WebAssembly in hexadecimal. */`;
  return `${comment}\nexport const ${name}: string =\n${lines};\n`;
}

const generated = [
  '// Made of packages/core/wasm/crc64.ts by `npm run wasm`. Do not edit.\n',
  constant('SIMD_MODULE', await compile('--enable', 'simd')),
  constant('SCALAR_MODULE', await compile('--disable', 'simd')),
].join('\n');

if (process.argv.includes('--print')) process.stdout.write(generated);
else await writeFile(new URL('../src/checksum/crc64-modules.ts', import.meta.url), generated);
