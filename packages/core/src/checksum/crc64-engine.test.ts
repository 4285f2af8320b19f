import fc from 'fast-check';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { createCrc64 as createEmulatorsCrc64 } from '../../../emulator/src/storage/crc64.ts';
import { createCrc64 } from './crc64.ts';
import { chooseEngine } from './crc64-engine.ts';
import { SCALAR_MODULE, SIMD_MODULE } from './crc64-modules.ts';
import { createTablesFold } from './crc64-tables.ts';
import { createWasmFold } from './crc64-wasm.ts';
import type { Crc64Register, FoldCrc64 } from './fold-crc64.ts';

const engines: readonly (readonly [string, FoldCrc64])[] = [
  ['simd', createWasmFold(SIMD_MODULE)],
  ['scalar', createWasmFold(SCALAR_MODULE)],
  ['tables', createTablesFold()],
];

const begun = (): Crc64Register => ({ high: -1, low: -1 });
const digestOf = ({ high, low }: Crc64Register): string =>
  String((BigInt(~high >>> 0) << 32n) | BigInt(~low >>> 0));

/** Bytes without a pattern, the same ones each time. */
function noise(size: number): Uint8Array {
  let state = 1;
  return Uint8Array.from({ length: size }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0;
    return state >>> 24;
  });
}

/** By length, what the emulator says of the first bytes. It shares no code with what is tested. */
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

/** Where the ways change: degrees, shortest lengths, pieces, the whole buffer; and some times each. */
const EDGES = [524, 1024, 2806, 6144, 16_384, 65_536, 98_304, 131_072, 163_840, 262_144];

const LONG = noise(400_000);
const SHORT_DIGESTS = emulatorsCrc64s(LONG, upTo(4096));
const EDGE_LENGTHS = EDGES.flatMap((edge) => upTo(80).map((index) => edge - 40 + index));
const EDGE_DIGESTS = emulatorsCrc64s(LONG, EDGE_LENGTHS);
const WHOLE = emulatorsCrc64s(LONG, [LONG.length]).get(LONG.length);

describe.each(engines)('by %s', (_, fold) => {
  const crc64 = (bytes: Uint8Array): string => {
    const register = begun();
    fold(register, bytes);
    return digestOf(register);
  };

  test('every length to 4,096 from every alignment gives what the emulator finds', () => {
    const memory = new Uint8Array(4096 + 16);
    for (const alignment of upTo(16)) {
      memory.set(LONG.subarray(0, 4096), alignment);
      const wrong = upTo(4096).filter(
        (length) => crc64(memory.subarray(alignment, alignment + length)) !== SHORT_DIGESTS.get(length),
      );
      expect(wrong, `at ${alignment}`).toEqual([]);
    }
  });

  test('every length around the edges of the method gives what the emulator finds', () => {
    const wrong = EDGE_LENGTHS.filter(
      (length) => crc64(LONG.subarray(0, length)) !== EDGE_DIGESTS.get(length),
    );
    expect(wrong).toEqual([]);
  });

  test('however long bytes are cut, the register ends the same', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(LONG.length), { maxLength: 12 }), (cuts) => {
        const register = begun();
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

  test('messages taken in turns do not disturb each other', () => {
    const one = begun();
    const other = begun();
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

  test('the bytes are left as they were', () => {
    const bytes = LONG.slice();
    crc64(bytes);
    expect(Buffer.compare(bytes, LONG)).toBe(0);
  });
});

test('a digest in between does not disturb what follows', () => {
  const crc = createCrc64();
  crc.update(LONG.subarray(0, 200_000));
  expect(crc.digest()).toBe(crc.digest());
  crc.update(LONG.subarray(200_000));
  expect(crc.digest()).toBe(WHOLE);
});

describe('the engine that is chosen', () => {
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

  test('is simd where there is SIMD', () => {
    expect(chooseEngine().name).toBe('simd');
  });

  test('is scalar where SIMD is unknown', () => {
    const simdLength = SIMD_MODULE.length / 2;
    refuseModules((bytes) => bytes.length === simdLength);
    const { name, fold } = chooseEngine();
    expect(name).toBe('scalar');
    const register = begun();
    fold(register, LONG);
    expect(digestOf(register)).toBe(WHOLE);
  });

  test('is tables where compiling is forbidden', () => {
    refuseModules(() => true);
    expect(chooseEngine().name).toBe('tables');
  });

  test('is tables where there is no WebAssembly', () => {
    vi.stubGlobal('WebAssembly', undefined);
    const { name, fold } = chooseEngine();
    expect(name).toBe('tables');
    const register = begun();
    fold(register, LONG);
    expect(digestOf(register)).toBe(WHOLE);
  });
});
