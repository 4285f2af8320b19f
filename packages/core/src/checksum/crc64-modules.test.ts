import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { SCALAR_MODULE, SIMD_MODULE } from './crc64-modules.ts';

const wasmFolder = new URL('../../wasm/', import.meta.url);

test('the modules are what their source compiles to: `npm run wasm` after a change', () => {
  const built = execFileSync(process.execPath, [fileURLToPath(new URL('build.mjs', wasmFolder)), '--print']);
  expect(built.toString()).toBe(readFileSync(new URL('crc64-modules.ts', import.meta.url), 'utf8'));
});

test.each([
  ['simd', SIMD_MODULE],
  ['scalar', SCALAR_MODULE],
])('the module %s is small enough for the main thread of a page, and imports nothing', (_, hexadecimal) => {
  const wasm = Buffer.from(hexadecimal, 'hex');
  expect(wasm.length).toBeLessThan(4096);
  expect(WebAssembly.Module.imports(new WebAssembly.Module(wasm))).toEqual([]);
});

test('the sum of x^e over the exponents in the source is 0 modulo the polynomial', () => {
  const source = readFileSync(new URL('crc64.ts', wasmFolder), 'utf8');
  const [, long = '', short = ''] = source.split(/function subtract\w+/);
  const exponentsOf = (text: string, pattern: RegExp, degree: RegExp): number[] => [
    0,
    ...new Set([...text.matchAll(pattern)].map((match) => Number(match[1]))),
    Number(degree.exec(source)?.[1]),
  ];
  const longExponents = exponentsOf(long, /\(quotient, (\d+) \* WORD/g, /LONG_DEGREE: usize = (\d+)/);
  const shortExponents = exponentsOf(short, /\(quotient, (\d+)\)/g, /SHORT_DEGREE: usize = (\d+)/);

  expect(longExponents).toEqual([0, 153, 509, 1008, 1162, 1251, 1286, 1403]);
  expect(shortExponents).toEqual([0, 6, 31, 144, 265, 320, 383, 389, 402, 524]);
  expect(longExponents.map(powerOfX).reduce((sum, power) => sum ^ power)).toBe(0n);
  expect(shortExponents.map(powerOfX).reduce((sum, power) => sum ^ power)).toBe(0n);
});

/** Modulo x^64 + 0x42f0e1eba9ea3693, ECMA-182 as the standard writes it. */
function powerOfX(exponent: number): bigint {
  let power = 1n;
  for (let n = 0; n < exponent; n++) {
    power <<= 1n;
    if (power >> 64n) power ^= (1n << 64n) | 0x42f0e1eba9ea3693n;
  }
  return power;
}
