// The cost of CRC64 alone for the chunks of a file, read as an upload reads them: 1 MiB at a time, into two
// buffers.
import { closeSync, openSync, readSync } from 'node:fs';
import { createCrc64 } from '@partway/core';
import { cpuSecondsSince } from '../measure.ts';
import { serveTasks } from '../serve-tasks.ts';

const CHUNK_SIZE = 1024 * 1024;

/** Resolves with CPU seconds. */
serveTasks(async (path: string): Promise<number> => {
  const buffers = [48, 48].map((offset) => Buffer.allocUnsafeSlow(CHUNK_SIZE + offset).subarray(offset));
  const file = openSync(path, 'r');
  try {
    // The first run compiles it, the second one is measured.
    checksum(file, buffers);
    return checksum(file, buffers);
  } finally {
    closeSync(file);
  }
});

function checksum(file: number, buffers: readonly Uint8Array[]): number {
  const crc = createCrc64();
  let cpuSeconds = 0;
  for (let index = 0; ; index++) {
    const buffer = buffers[index % buffers.length] ?? new Uint8Array();
    const length = readSync(file, buffer, 0, CHUNK_SIZE, index * CHUNK_SIZE);
    if (length === 0) break;
    const start = process.cpuUsage();
    crc.update(buffer.subarray(0, length));
    cpuSeconds += cpuSecondsSince(start);
  }
  crc.digest();
  return cpuSeconds;
}
