// CRC64 by each implementation in turn, over eight chunks of 1 MiB, as four parts in flight have them.
import { combineCrc64, createCrc64 } from '@partway/core';
import { createCRC64 } from 'hash-wasm';
import { importInternalModule } from '../internals.ts';
import { cpuSecondsSince, median } from '../measure.ts';
import { serveTasks } from '../serve-tasks.ts';

export interface Crc64Task {
  readonly size: number;
  readonly rounds: number;
}

export interface Crc64Result {
  /** Bytes per second of CPU, by implementation. */
  readonly bytesPerSecond: Readonly<Record<string, number>>;
  /** CPU time to combine 10,000 equal parts. */
  readonly combineMs: number;
  /** Implementations that this version does not have. */
  readonly unavailable: readonly string[];
}

/** Computes the CRC64 of the chunks. */
type Implementation = (chunks: Iterable<Uint8Array>) => void;

const CHUNK_SIZE = 1024 * 1024;
const COMBINED_PARTS = 10_000;

serveTasks(async ({ size, rounds }: Crc64Task): Promise<Crc64Result> => {
  const unavailable: string[] = [];
  const implementations = new Map<string, Implementation>([
    ['Partway, default on this machine', checksumByPartway],
  ]);
  for (const [name, load] of Object.entries(VARIANTS)) {
    const variant = await load().catch(() => void unavailable.push(`CRC64 by ${name}: not in this version`));
    if (variant !== undefined) implementations.set(name, variant);
  }
  implementations.set('hash-wasm createCRC64', await loadHashWasm());
  const figures = new Map([...implementations.keys()].map((name) => [name, [] as number[]]));
  for (let round = 0; round < rounds; round++) {
    for (const [name, implementation] of implementations) {
      figures.get(name)?.push(measureBytesPerSecond(implementation, size));
    }
  }
  const bytesPerSecond = Object.fromEntries([...figures].map(([name, each]) => [name, median(each)]));
  return { bytesPerSecond, combineMs: measureCombineMs(), unavailable };
});

function checksumByPartway(chunks: Iterable<Uint8Array>): void {
  const crc = createCrc64();
  for (const chunk of chunks) crc.update(chunk);
  crc.digest();
}

type Fold = (register: { high: number; low: number }, bytes: Uint8Array) => void;

/** The implementations that Partway uses on other machines. */
const VARIANTS: Readonly<Record<string, () => Promise<Implementation>>> = {
  'Partway, WASM with SIMD': () => loadWasm('SIMD_MODULE'),
  'Partway, WASM without SIMD': () => loadWasm('SCALAR_MODULE'),
  'Partway, tables without WASM': async () => {
    type Tables = { createTablesFold(): Fold };
    return toImplementation(
      (await importInternalModule<Tables>('checksum/portable-crc64.js')).createTablesFold(),
    );
  },
};

async function loadWasm(name: 'SIMD_MODULE' | 'SCALAR_MODULE'): Promise<Implementation> {
  type Modules = Readonly<Record<typeof name, string>>;
  type Wasm = { createWasmFold(base64: string): Fold };
  const modules = await importInternalModule<Modules>('checksum/crc64-modules.js');
  return toImplementation(
    (await importInternalModule<Wasm>('checksum/crc64-wasm.js')).createWasmFold(modules[name]),
  );
}

function toImplementation(fold: Fold): Implementation {
  return (chunks) => {
    const register = { high: -1, low: -1 };
    for (const chunk of chunks) fold(register, chunk);
  };
}

async function loadHashWasm(): Promise<Implementation> {
  const crc = await createCRC64();
  return (chunks) => {
    crc.init();
    for (const chunk of chunks) crc.update(chunk);
    crc.digest();
  };
}

const buffers = Array.from({ length: 8 }, () =>
  Buffer.allocUnsafeSlow(CHUNK_SIZE + 48)
    .subarray(48)
    .fill(7),
);

function* chunksOf(size: number): Generator<Uint8Array> {
  for (let at = 0, index = 0; at < size; at += CHUNK_SIZE, index++)
    yield buffers[index % 8] ?? new Uint8Array();
}

function measureBytesPerSecond(implementation: Implementation, size: number): number {
  // The first run compiles it.
  implementation(chunksOf(16 * CHUNK_SIZE));
  const start = process.cpuUsage();
  implementation(chunksOf(size));
  return size / cpuSecondsSince(start);
}

/** Enough runs for the function to be compiled. */
const COMBINE_RUNS = 25;

function measureCombineMs(): number {
  const parts = Array.from({ length: COMBINED_PARTS }, (_, index) => ({
    crc64: String(index),
    size: 8_388_608,
  }));
  const each = Array.from({ length: COMBINE_RUNS }, () => {
    const start = process.cpuUsage();
    combineCrc64(parts);
    return cpuSecondsSince(start) * 1000;
  });
  return median(each);
}
