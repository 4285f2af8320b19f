import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { SCALAR_MODULE, SIMD_MODULE } from './crc64-modules.ts';

const wasmFolder = new URL('../../wasm/', import.meta.url);

test('the modules equal the compiled source (`npm run wasm` updates them)', () => {
  const built = execFileSync(process.execPath, [fileURLToPath(new URL('build.mjs', wasmFolder)), '--print']);
  const checkedIn = readFileSync(new URL('crc64-modules.ts', import.meta.url), 'utf8');
  expect(withoutComments(built.toString())).toBe(withoutComments(checkedIn));
});

test.each([
  ['simd', SIMD_MODULE],
  ['scalar', SCALAR_MODULE],
])(
  'the module %s is below 4 KiB, so that pages may compile it synchronously, and imports nothing',
  (_, hexadecimal) => {
    const wasm = Buffer.from(hexadecimal, 'hex');
    expect(wasm.length).toBeLessThan(4096);
    expect(WebAssembly.Module.imports(new WebAssembly.Module(wasm))).toEqual([]);
  },
);

test('the exponents in the source sum to 0 modulo the polynomial', () => {
  const source = readFileSync(new URL('crc64.ts', wasmFolder), 'utf8');
  const functions = source.split(/^(?:export )?function /m).slice(1);
  /** The offsets of the only function that loads at so many of them. */
  const offsetsOf = (load: RegExp): readonly number[] => {
    const found = functions.map((text) => [
      ...new Set([...text.matchAll(load)].map((match) => Number(match[1]))),
    ]);
    const [offsets = [], ...others] = found.filter(({ length }) => length > 2);
    expect(others).toEqual([]);
    return offsets;
  };
  expect(source).toMatch(/: usize = 1403 \* \w+;/);
  expect(source).toMatch(/: usize = 524;/);
  const longExponents = [0, ...offsetsOf(/load<\w+>\(\w+, (\d+) \* \w+/g), 1403];
  const shortExponents = [0, ...offsetsOf(/load<u64>\(\w+, (\d+)\)/g), 524];

  expect(longExponents).toEqual([0, 153, 509, 1008, 1162, 1251, 1286, 1403]);
  expect(shortExponents).toEqual([0, 6, 31, 144, 265, 320, 383, 389, 402, 524]);
  expect(longExponents.map(powerOfX).reduce((sum, power) => sum ^ power)).toBe(0n);
  expect(shortExponents.map(powerOfX).reduce((sum, power) => sum ^ power)).toBe(0n);
});

function withoutComments(code: string): string {
  return code.replaceAll(/^\/[/*].*$/gm, '');
}

/** Modulo x^64 + 0x42f0e1eba9ea3693, ECMA-182 as the standard writes it. */
function powerOfX(exponent: number): bigint {
  let power = 1n;
  for (let n = 0; n < exponent; n++) {
    power <<= 1n;
    if (power >> 64n) power ^= (1n << 64n) | 0x42f0e1eba9ea3693n;
  }
  return power;
}
