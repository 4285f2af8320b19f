import { join } from 'node:path';
import { KEY, openStore } from './emulated-oss.ts';
import { withTemporaryFolder, writeSparseFile } from './files.ts';
import { watchPeakMemory } from './peak-memory.ts';
import { startPut, withDiscardingEmulator } from './processes.ts';
import type { Report, SoakOptions } from './report.ts';
import { formatMebibytes, MIB, secondsSince } from './size.ts';

const PEAK_MAX = 200 * MIB;

/**
 * `partway put` of a huge file with few bytes other than zero, to an emulator in its own process. Linux only.
 */
export function soakSparse(options: SoakOptions): Promise<Report> {
  return withTemporaryFolder((folder) =>
    withDiscardingEmulator(async (endpoint) => {
      const file = join(folder, 'file');
      const crc64 = await writeSparseFile(file, options);
      const startedAt = performance.now();
      const put = startPut({ file, endpoint, checkpointDir: join(folder, 'checkpoints'), isQuiet: false });
      const peakBytes = await watchPeakMemory(put);
      const { exitCode, stdout } = await put.ended;
      const seconds = secondsSince(startedAt);
      const store = openStore(endpoint);
      const object = await store.head({ key: KEY });
      return {
        figures: {
          'output of partway': stdout.trim(),
          'CRC64 of the file': crc64,
          'CRC64 of the object': object?.crc64 ?? 'none',
          'peak memory of the upload': formatMebibytes(peakBytes),
          seconds: seconds.toFixed(1),
          'MB per second': (options.size / 1e6 / seconds).toFixed(0),
        },
        claims: {
          'the upload exits with 0': exitCode === 0,
          'the object has the size and the CRC64 of the file':
            object?.size === options.size && object.crc64 === crc64,
          [`the upload stayed below ${formatMebibytes(PEAK_MAX)}`]: peakBytes > 0 && peakBytes < PEAK_MAX,
          'no upload is left': (await store.listUploads({})).length === 0,
        },
      };
    }),
  );
}
