import {
  assertControlPlane,
  assertOptions,
  type ControlPlane,
  startUpload,
  systemClock,
  systemRandom,
  type Transport,
  type Upload,
  type UploadOptions,
  type UploadPorts,
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
 * `RangeError` for a wrong option. The type of the File is not sent: say `contentType: file.type` to keep it.
 */
export function uploadFile(file: Blob, options: UploadFileOptions): Upload {
  return startUpload(...fileUpload(file, options));
}

/** What the engine needs to upload a file: its ports, and its options. */
export function fileUpload(file: Blob, options: UploadFileOptions): [UploadPorts, UploadOptions] {
  assertOptions(options);
  const { controlPlane, transport = createFetchTransport(), ...uploadOptions } = options;
  if (!(file instanceof Blob)) throw new TypeError('file must be a File or Blob');
  assertControlPlane(controlPlane);
  const openSource = (): Promise<ReturnType<typeof createBlobSource>> =>
    Promise.resolve(createBlobSource(file));
  const ports = { openSource, transport, controlPlane, clock: systemClock, random: systemRandom };
  return [{ ...ports, checkpoints: undefined }, uploadOptions];
}
