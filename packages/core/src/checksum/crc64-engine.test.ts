import fc from 'fast-check';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { createCrc64 as createEmulatorsCrc64 } from '../../../emulator/src/storage/crc64.ts';
import { chooseEngine, createCrc64 } from './crc64.ts';
import { SCALAR_MODULE, SIMD_MODULE } from './crc64-modules.ts';
import { createWasmFold } from './crc64-wasm.ts';
import { type Crc64Register, createTablesFold, type FoldCrc64 } from './portable-crc64.ts';

const engines: readonly (readonly [string, FoldCrc64])[] = [
  ['simd', createWasmFold(SIMD_MODULE)],
  ['scalar', createWasmFold(SCALAR_MODULE)],
  ['tables', createTablesFold()],
];

const createRegister = (): Crc64Register => ({ high: -1, low: -1 });
const digestOf = ({ high, low }: Crc64Register): string =>
  String((BigInt(~high >>> 0) << 32n) | BigInt(~low >>> 0));

/** Bytes without a pattern, the same each time. */
function noise(size: number): Uint8Array {
  let state = 1;
  return Uint8Array.from({ length: size }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0;
    return state >>> 24;
  });
}

/** The emulator's CRC64 of the first bytes, by length. The emulator shares no code with the engines. */
function emulatorsCrc64s(bytes: Uint8Array, lengths: readonly number[]): Map<number, string> {
  const crc = createEmulatorsCrc64();
  let done = 0;
  const digests = new Map<number, string>();
  for (const length of lengths.toSorted((a, b) => a - b)) {
    crc.update(bytes.subarray(done, length));
    done = length;
    digests.set(length, crc.digest());
  }
  return digests;
}

const upTo = (length: number): number[] => Array.from({ length: length + 1 }, (_, index) => index);

/** Lengths where the method changes: degrees, minimum lengths, pieces, the whole buffer, and multiples. */
const EDGES = [524, 1024, 2806, 6144, 16_384, 65_536, 98_304, 131_072, 163_840, 262_144];

const LONG = noise(400_000);
const SHORT_DIGESTS = emulatorsCrc64s(LONG, upTo(4096));
const EDGE_LENGTHS = EDGES.flatMap((edge) => upTo(80).map((index) => edge - 40 + index));
const EDGE_DIGESTS = emulatorsCrc64s(LONG, EDGE_LENGTHS);
const WHOLE = emulatorsCrc64s(LONG, [LONG.length]).get(LONG.length);

describe.each(engines)('the %s engine', (_, fold) => {
  const crc64 = (bytes: Uint8Array): string => {
    const register = createRegister();
    fold(register, bytes);
    return digestOf(register);
  };

  test('equals the emulator for every length to 4,096 at every alignment', () => {
    const memory = new Uint8Array(4096 + 16);
    for (const alignment of upTo(16)) {
      memory.set(LONG.subarray(0, 4096), alignment);
      const different = upTo(4096).filter(
        (length) => crc64(memory.subarray(alignment, alignment + length)) !== SHORT_DIGESTS.get(length),
      );
      expect(different, `at ${alignment}`).toEqual([]);
    }
  });

  test('equals the emulator for every length around the edges of the method', () => {
    const different = EDGE_LENGTHS.filter(
      (length) => crc64(LONG.subarray(0, length)) !== EDGE_DIGESTS.get(length),
    );
    expect(different).toEqual([]);
  });

  test('the result does not depend on how long bytes are divided', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(LONG.length), { maxLength: 12 }), (cuts) => {
        const register = createRegister();
        let from = 0;
        for (const cut of [...cuts.toSorted((a, b) => a - b), LONG.length]) {
          fold(register, LONG.subarray(from, cut));
          from = cut;
        }
        expect(digestOf(register)).toBe(WHOLE);
      }),
      { numRuns: 40 },
    );
  });

  test('interleaved messages do not affect each other', () => {
    const one = createRegister();
    const other = createRegister();
    const sizes = [100_000, 7, 1500, 65_536, 9000, 200_000];
    let from = 0;
    for (const size of sizes) {
      fold(one, LONG.subarray(from, from + size));
      fold(other, LONG.subarray(from, from + size).toReversed());
      from += size;
    }
    fold(one, LONG.subarray(from));
    expect(digestOf(one)).toBe(WHOLE);
    const reversed = createEmulatorsCrc64();
    let at = 0;
    for (const size of sizes) {
      reversed.update(LONG.subarray(at, at + size).toReversed());
      at += size;
    }
    expect(digestOf(other)).toBe(reversed.digest());
  });

  test('the bytes are not modified', () => {
    const bytes = LONG.slice();
    crc64(bytes);
    expect(Buffer.compare(bytes, LONG)).toBe(0);
  });
});

test('a digest in between does not affect later updates', () => {
  const crc = createCrc64();
  crc.update(LONG.subarray(0, 200_000));
  expect(crc.digest()).toBe(crc.digest());
  crc.update(LONG.subarray(200_000));
  expect(crc.digest()).toBe(WHOLE);
});

describe('the chosen engine', () => {
  afterEach(() => {
    vi.unstubAllGlobals();
  });

  function refuseModules(isRefused: (bytes: Uint8Array) => boolean): void {
    class Module extends WebAssembly.Module {
      constructor(bytes: Uint8Array<ArrayBuffer>) {
        if (isRefused(bytes)) throw new WebAssembly.CompileError('refused');
        super(bytes);
      }
    }
    vi.stubGlobal('WebAssembly', { Instance: WebAssembly.Instance, Module });
  }

  test('is simd on a platform with SIMD', () => {
    expect(chooseEngine().name).toBe('simd');
  });

  test('is scalar on a platform without SIMD', () => {
    const simdLength = SIMD_MODULE.length / 2;
    refuseModules((bytes) => bytes.length === simdLength);
    const { name, fold } = chooseEngine();
    expect(name).toBe('scalar');
    const register = createRegister();
    fold(register, LONG);
    expect(digestOf(register)).toBe(WHOLE);
  });

  test('is tables when compiling is forbidden', () => {
    refuseModules(() => true);
    expect(chooseEngine().name).toBe('tables');
  });

  test('is tables without WebAssembly', () => {
    vi.stubGlobal('WebAssembly', undefined);
    const { name, fold } = chooseEngine();
    expect(name).toBe('tables');
    const register = createRegister();
    fold(register, LONG);
    expect(digestOf(register)).toBe(WHOLE);
  });
});
