import { crc64 } from '@partway/core';

/** Four parts of 512 KiB, the last one shorter, all large enough for the worker of a page. */
export const BYTES: Buffer = Buffer.from(
  Uint8Array.from({ length: 2_000_000 }, (_, index) => (index * 31) ^ (index >>> 8)),
);
export const PART_COUNT = 4;

/** The output of a consumer after its upload. */
export function successMessage(key: string): string {
  return `${key} is stored and proven, CRC64 ${crc64(BYTES)}`;
}

/** The stored bytes, and their number of parts. */
export async function readStored(
  stageUrl: string,
  key: string,
): Promise<{ readonly bytes: Buffer; readonly partCount: number }> {
  const response = await fetch(`${stageUrl}/${key}`);
  if (!response.ok) throw new Error(`OSS has no ${key}: ${response.status}`);
  return {
    bytes: Buffer.from(await response.arrayBuffer()),
    partCount: Number(response.headers.get('etag')?.split('-')[1]),
  };
}
