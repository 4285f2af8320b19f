// The two loops that every byte and every part pass: CRC64 and presigning. Medians of rounds in one run; machines are
// shared and noisy, so compare figures of one run only.
import { crc64 } from '@partway/core';
import { presign } from '@partway/core/oss';

const ROUNDS = 7;

const bytes = new Uint8Array(64 * 1024 ** 2).map((_, index) => (index * 2_654_435_761) >>> 24);
const gigabytesPerSecond = median(() => bytes.length / 1e6 / elapsedMs(() => crc64(bytes)));

const PRESIGNS = 2000;
const presignsPerSecond = median(() => (PRESIGNS / elapsedMs(presignParts)) * 1000);

console.log(`CRC64       ${gigabytesPerSecond.toFixed(2)} GB/s`);
console.log(`presigning  ${Math.round(presignsPerSecond)} UploadPart URLs per second`);

function presignParts(): void {
  for (let partNumber = 1; partNumber <= PRESIGNS; partNumber++) {
    presign({
      method: 'PUT',
      bucket: 'media',
      key: 'movies/1.mp4',
      region: 'cn-hangzhou',
      endpoint: 'https://oss-cn-hangzhou.aliyuncs.com',
      credentials: { accessKeyId: 'AK', accessKeySecret: 'SK' },
      query: { partNumber, uploadId: '0004B9895DBBB6EC98E36' },
    });
  }
}

function elapsedMs(run: () => void): number {
  const startedAt = performance.now();
  run();
  return performance.now() - startedAt;
}

function median(measure: () => number): number {
  const figures = Array.from({ length: ROUNDS }, measure).sort((a, b) => a - b);
  return figures[Math.floor(ROUNDS / 2)] ?? 0;
}
