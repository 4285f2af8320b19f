// CRC64 by every way there is, in turns, over what four parts in flight hold: eight chunks of 1 MiB.
import { combineCrc64, createCrc64 } from '@partway/core';
import { createCRC64 } from 'hash-wasm';
import { importInternal } from '../internals.ts';
import { cpuSecondsSince, median } from '../measure.ts';
import { serveTasks } from '../serve-tasks.ts';

export interface Crc64Task {
  readonly size: number;
  readonly rounds: number;
}

export interface Crc64Result {
  /** Bytes per second of CPU, by way. */
  readonly bytesPerSecond: Readonly<Record<string, number>>;
  /** To combine 10,000 equal parts. */
  readonly combineMs: number;
  readonly absent: readonly string[];
}

/** Takes the chunks, one after another. */
type Way = (chunks: Iterable<Uint8Array>) => void;

const CHUNK_SIZE = 1024 * 1024;
const COMBINED_PARTS = 10_000;

serveTasks(async ({ size, rounds }: Crc64Task): Promise<Crc64Result> => {
  const absent: string[] = [];
  const ways = new Map<string, Way>([['Partway, as it chooses here', takeByPartway]]);
  for (const [name, load] of Object.entries(VARIANTS)) {
    const way = await load().catch(() => void absent.push(`CRC64 by ${name}: this version has no such way`));
    if (way !== undefined) ways.set(name, way);
  }
  ways.set('hash-wasm createCRC64', await createHashWasm());
  const figures = new Map([...ways.keys()].map((name) => [name, [] as number[]]));
  for (let round = 0; round < rounds; round++) {
    for (const [name, way] of ways) figures.get(name)?.push(speed(way, size));
  }
  const bytesPerSecond = Object.fromEntries([...figures].map(([name, each]) => [name, median(each)]));
  return { bytesPerSecond, combineMs: combineMs(), absent };
});

function takeByPartway(chunks: Iterable<Uint8Array>): void {
  const crc = createCrc64();
  for (const chunk of chunks) crc.update(chunk);
  crc.digest();
}

type Fold = (register: { high: number; low: number }, bytes: Uint8Array) => void;

/** What Partway falls back on elsewhere. */
const VARIANTS: Readonly<Record<string, () => Promise<Way>>> = {
  'Partway, WASM with SIMD': () => wasmWay('SIMD_MODULE'),
  'Partway, WASM without SIMD': () => wasmWay('SCALAR_MODULE'),
  'Partway, tables without WASM': async () => {
    type Tables = { createTablesFold(): Fold };
    return foldWay((await importInternal<Tables>('checksum/portable-crc64.js')).createTablesFold());
  },
};

async function wasmWay(name: 'SIMD_MODULE' | 'SCALAR_MODULE'): Promise<Way> {
  type Modules = Readonly<Record<typeof name, string>>;
  type Wasm = { createWasmFold(base64: string): Fold };
  const modules = await importInternal<Modules>('checksum/crc64-modules.js');
  return foldWay((await importInternal<Wasm>('checksum/crc64-wasm.js')).createWasmFold(modules[name]));
}

function foldWay(fold: Fold): Way {
  return (chunks) => {
    const register = { high: -1, low: -1 };
    for (const chunk of chunks) fold(register, chunk);
  };
}

async function createHashWasm(): Promise<Way> {
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
  for (let at = 0, turn = 0; at < size; at += CHUNK_SIZE, turn++) yield buffers[turn % 8] ?? new Uint8Array();
}

function speed(way: Way, size: number): number {
  // Once to compile it.
  way(chunksOf(16 * CHUNK_SIZE));
  const start = process.cpuUsage();
  way(chunksOf(size));
  return size / cpuSecondsSince(start);
}

/** As often as it takes to be compiled, like the ways above. */
const COMBINED_TIMES = 25;

function combineMs(): number {
  const parts = Array.from({ length: COMBINED_PARTS }, (_, index) => ({
    crc64: String(index),
    size: 8_388_608,
  }));
  const each = Array.from({ length: COMBINED_TIMES }, () => {
    const start = process.cpuUsage();
    combineCrc64(parts);
    return cpuSecondsSince(start) * 1000;
  });
  return median(each);
}
