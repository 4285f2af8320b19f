import { once } from 'node:events';
import type { Writable } from 'node:stream';
import { combineCrc64, crc64 } from '@partway/core';
import { KEY, openStore } from './emulated-oss.ts';
import { createSeededBytes } from './files.ts';
import { watchPeakMemory } from './peak-memory.ts';
import { startPut, withDiscardingEmulator } from './processes.ts';
import type { Report, SoakOptions } from './report.ts';
import { formatMebibytes, MIB, secondsSince } from './size.ts';

/** The memory of `partway put -` for parts of a stream, and for everything else. */
const BUDGET = 64 * MIB;
const PEAK_MAX = BUDGET + 150 * MIB;

/** `partway put -` of bytes of unknown length, to an emulator that discards them. Linux only. */
export function soakStream({ size, seed }: SoakOptions): Promise<Report> {
  return withDiscardingEmulator(async (endpoint) => {
    const block = createSeededBytes(seed)(MIB);
    const blocks = Math.floor(size / MIB);
    const startedAt = performance.now();
    const put = startPut({ file: '-', endpoint, isQuiet: true });
    const [peakBytes] = await Promise.all([watchPeakMemory(put), write(put.process.stdin, block, blocks)]);
    const { exitCode, stdout } = await put.ended;
    const seconds = secondsSince(startedAt);
    const store = openStore(endpoint);
    const object = await store.head({ key: KEY });
    const piece = { size: MIB, crc64: crc64(block) };
    const expected = combineCrc64(Array.from({ length: blocks }, () => piece));
    return {
      figures: {
        'output of partway': stdout.trim(),
        'CRC64 of the stream': expected,
        'peak memory of the upload': formatMebibytes(peakBytes),
        seconds: seconds.toFixed(1),
        'MB per second': (size / 1e6 / seconds).toFixed(0),
      },
      claims: {
        'the upload exits with 0': exitCode === 0,
        'the object has the size and the CRC64 of the stream':
          object?.size === blocks * MIB && object.crc64 === expected,
        [`the upload stayed below ${formatMebibytes(PEAK_MAX)}`]: peakBytes > 0 && peakBytes < PEAK_MAX,
        'no upload is left': (await store.listUploads({})).length === 0,
      },
    };
  });
}

async function write(stdin: Writable | null, block: Uint8Array, blocks: number): Promise<void> {
  if (stdin === null) throw new TypeError('the upload has no standard input');
  for (let n = 0; n < blocks; n++) if (!stdin.write(block)) await once(stdin, 'drain');
  stdin.end();
}
