import {
  assertControlPlane,
  assertOptions,
  type ControlPlane,
  startUploadOfPage,
  systemClock,
  systemRandom,
  type Transport,
  type Upload,
  type UploadOptions,
} from '@partway/core';
import { createBlobSource } from './blob-source.ts';
import { createFetchTransport } from './fetch-transport.ts';

export interface UploadFileOptions extends UploadOptions {
  /** The side that holds the credentials. */
  readonly controlPlane: ControlPlane;
  /** Default: `fetch`. */
  readonly transport?: Transport | undefined;
}

/**
 * Uploads a File or Blob and returns at once; `result` tells how it ends. Throws a `TypeError` or
 * `RangeError` for a wrong option; the key and what the object shall be are the coordinator's to check, which
 * rejects with `refused`. The type of the File is not sent: say `contentType: file.type` to keep it.
 */
export function uploadFile(file: Blob, options: UploadFileOptions): Upload {
  assertOptions(options);
  const { controlPlane, transport = createFetchTransport(), ...uploadOptions } = options;
  if (!(file instanceof Blob)) throw new TypeError('file must be a File or Blob');
  assertControlPlane(controlPlane);
  const openSource = (): Promise<ReturnType<typeof createBlobSource>> =>
    Promise.resolve(createBlobSource(file));
  const ports = { openSource, transport, controlPlane, clock: systemClock, random: systemRandom };
  return startUploadOfPage({ ...ports, checkpoints: undefined }, uploadOptions);
}
