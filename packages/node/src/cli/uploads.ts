import { UploadError } from '@partway/core';
import { type ListedUpload, type ObjectStore, systemClock } from '@partway/core/ports';
import { ageText } from './age.ts';
import { openStore, readAddress, STORE_ARGS } from './arguments.ts';
import type { Command } from './command.ts';
import { EXIT } from './exit-code.ts';
import { printable } from './printable.ts';

export const uploads: Command = {
  description: 'List the unfinished uploads of a bucket, which OSS bills',
  args: {
    address: { type: 'positional', description: 'oss://BUCKET, or oss://BUCKET/PREFIX' },
    ...STORE_ARGS,
  },
  async run(given) {
    const { bucket, key: prefix } = readAddress(given);
    const store = openStore(given, bucket);
    const listed = await store.listUploads(prefix === '' ? {} : { prefix });
    const print = given.flag('json') ? jsonLine : textLine;
    if (listed.length === 0) console.error(`partway: no unfinished uploads in oss://${bucket}/${prefix}`);
    for (let from = 0; from < listed.length; from += AT_ONCE_MAX) {
      const batch = listed.slice(from, from + AT_ONCE_MAX);
      const sizes = await Promise.all(batch.map((upload) => sizeOf(store, upload)));
      for (const [index, upload] of batch.entries()) {
        const size = sizes[index];
        if (size !== undefined) console.log(print(bucket, { ...upload, ...size }));
      }
    }
    return EXIT.done;
  },
};

const AT_ONCE_MAX = 8;

interface UploadSize {
  readonly parts: number;
  readonly bytes: number;
}

/** `undefined` for an upload that has ended since it was listed. */
async function sizeOf(store: ObjectStore, upload: ListedUpload): Promise<UploadSize | undefined> {
  try {
    const parts = await store.listParts(upload);
    return { parts: parts.length, bytes: parts.reduce((sum, { size }) => sum + size, 0) };
  } catch (reason) {
    if (reason instanceof UploadError && reason.code === 'upload_not_found') return undefined;
    throw reason;
  }
}

function jsonLine(bucket: string, upload: ListedUpload & UploadSize): string {
  const { key, uploadId, initiatedAt, parts, bytes } = upload;
  const ageSeconds = secondsOld(upload);
  return JSON.stringify({ bucket, key, uploadId, initiatedAt, ageSeconds, parts, bytes });
}

function textLine(bucket: string, upload: ListedUpload & UploadSize): string {
  const { key, uploadId, parts, bytes } = upload;
  const age = ageText(secondsOld(upload)).padStart(5);
  return `${age} old  ${parts} parts  ${bytes} bytes  ${uploadId}  oss://${bucket}/${printable(key)}`;
}

/** By OSS's clock, where the listing has its time. */
function secondsOld({ initiatedAt, listedAt = systemClock.now() }: ListedUpload): number {
  return Math.max(0, Math.floor((listedAt - initiatedAt) / 1000));
}
