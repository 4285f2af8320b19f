import {
  createHttpControlPlane,
  createIndexedDbCheckpoints,
  listUnfinishedUploads,
  type UnfinishedUpload,
  uploadFile,
} from '@partway/browser';
import type { PageCheckpoints } from '@partway/browser/element';
import { inject } from 'vitest';

/** An upload as an earlier page left it: one part is in OSS, and a checkpoint in IndexedDB. */
export interface LeftUpload {
  readonly file: File;
  readonly checkpoints: PageCheckpoints;
  /** Bytes of the object; `undefined` as long as there is none. */
  stored(): Promise<number | undefined>;
  remembered(): Promise<readonly UnfinishedUpload[]>;
}

export const PART = 102_400;
export const endpoint = `${inject('uploadsUrl')}/uploads`;
export const headers = { authorization: 'Bearer element' };

/** Three parts of 100 KiB, of which OSS holds the first. */
export async function leaveUnfinished(
  name: string,
  handle?: FileSystemFileHandle,
  databaseName = `unfinished ${name}`,
): Promise<LeftUpload> {
  const file = (await handle?.getFile()) ?? fileOfParts(name);
  const checkpoints = createIndexedDbCheckpoints({ databaseName });
  const controlPlane = createHttpControlPlane(endpoint, { headers });
  const options = { controlPlane, checkpoints, handle, key: name, partSize: PART, concurrency: 1 };
  const upload = uploadFile(file, options);
  await new Promise<void>((resolve) => {
    upload.subscribe(({ type }) => {
      if (type === 'part-confirmed') upload.pause();
      if (type === 'paused') resolve();
    });
  });
  return {
    ...{ file, checkpoints },
    stored: () => storedSize(name),
    remembered: () => listUnfinishedUploads({ checkpoints }),
  };
}

export function fileOfParts(name: string, lastModified = 1_700_000_000_000): File {
  return new File([new Uint8Array(3 * PART).fill(7)], name, { lastModified });
}

async function storedSize(name: string): Promise<number | undefined> {
  const answer = await fetch(`${inject('uploadsUrl')}/objects/media/element/${encodeURIComponent(name)}`);
  const object: { readonly size: number } | null = await answer.json();
  return object?.size;
}
