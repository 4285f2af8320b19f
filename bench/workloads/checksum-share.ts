// What CRC64 alone costs over the chunks of a file, as an upload reads them: 1 MiB at a time, into two
// buffers.
import { closeSync, openSync, readSync } from 'node:fs';
import { createCrc64 } from '@partway/core';
import { cpuSecondsSince } from '../measure.ts';
import { serveTasks } from '../serve-tasks.ts';

const CHUNK_SIZE = 1024 * 1024;

/** Gives CPU seconds. */
serveTasks(async (path: string): Promise<number> => {
  const buffers = [48, 48].map((offset) => Buffer.allocUnsafeSlow(CHUNK_SIZE + offset).subarray(offset));
  const file = openSync(path, 'r');
  try {
    // Once to compile it, once to measure it.
    checksum(file, buffers);
    return checksum(file, buffers);
  } finally {
    closeSync(file);
  }
});

function checksum(file: number, buffers: readonly Uint8Array[]): number {
  const crc = createCrc64();
  let cpuSeconds = 0;
  for (let turn = 0; ; turn++) {
    const buffer = buffers[turn % buffers.length] ?? new Uint8Array();
    const length = readSync(file, buffer, 0, CHUNK_SIZE, turn * CHUNK_SIZE);
    if (length === 0) break;
    const start = process.cpuUsage();
    crc.update(buffer.subarray(0, length));
    cpuSeconds += cpuSecondsSince(start);
  }
  crc.digest();
  return cpuSeconds;
}
