import { UploadError } from '@partway/core';
import { type ListedUpload, type ObjectStore, systemClock } from '@partway/core/ports';
import { openStore, readAddress, STORE_ARGS } from './arguments.ts';
import type { Command } from './command.ts';
import { EXIT } from './exit-code.ts';
import { escapeControls, formatAge } from './format.ts';

export const uploads: Command = {
  description: 'List the unfinished uploads of a bucket, which OSS bills',
  args: {
    address: { type: 'positional', description: 'oss://BUCKET, or oss://BUCKET/PREFIX' },
    ...STORE_ARGS,
  },
  async run(parsed) {
    const { bucket, key: prefix } = readAddress(parsed);
    const store = openStore(parsed, bucket);
    const listed = await store.listUploads(prefix === '' ? {} : { prefix });
    const print = parsed.flag('json') ? formatJson : formatText;
    if (listed.length === 0) console.error(`partway: no unfinished uploads in oss://${bucket}/${prefix}`);
    for (let from = 0; from < listed.length; from += CONCURRENCY) {
      const batch = listed.slice(from, from + CONCURRENCY);
      const sizes = await Promise.all(batch.map((upload) => loadSize(store, upload)));
      for (const [index, upload] of batch.entries()) {
        const size = sizes[index];
        if (size !== undefined) console.log(print(bucket, { ...upload, ...size }));
      }
    }
    return EXIT.done;
  },
};

const CONCURRENCY = 8;

interface UploadSize {
  readonly parts: number;
  readonly bytes: number;
}

/** `undefined` if the upload has ended since it was listed. */
async function loadSize(store: ObjectStore, upload: ListedUpload): Promise<UploadSize | undefined> {
  try {
    const parts = await store.listParts(upload);
    return { parts: parts.length, bytes: parts.reduce((sum, { size }) => sum + size, 0) };
  } catch (reason) {
    if (reason instanceof UploadError && reason.code === 'upload_not_found') return undefined;
    throw reason;
  }
}

function formatJson(bucket: string, upload: ListedUpload & UploadSize): string {
  const { key, uploadId, initiatedAt, parts, bytes } = upload;
  const ageSeconds = getAgeSeconds(upload);
  return JSON.stringify({ bucket, key, uploadId, initiatedAt, ageSeconds, parts, bytes });
}

function formatText(bucket: string, upload: ListedUpload & UploadSize): string {
  const { key, uploadId, parts, bytes } = upload;
  const age = formatAge(getAgeSeconds(upload)).padStart(5);
  return `${age} old  ${parts} parts  ${bytes} bytes  ${uploadId}  oss://${bucket}/${escapeControls(key)}`;
}

/** By the clock of OSS, if the listing contains its time. */
function getAgeSeconds({ initiatedAt, listedAt = systemClock.now() }: ListedUpload): number {
  return Math.max(0, Math.floor((listedAt - initiatedAt) / 1000));
}
