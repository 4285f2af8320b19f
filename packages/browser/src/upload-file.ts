import {
  assertControlPlane,
  assertOptions,
  type CheckpointStore,
  type ControlPlane,
  startUpload,
  systemClock,
  systemRandom,
  type Transport,
  type Upload,
  type UploadOptions,
} from '@partway/core';
import { createBlobSource } from './blob-source.ts';
import { createFetchTransport } from './fetch-transport.ts';
import { followFile } from './resume/follow-file.ts';

export interface UploadFileOptions extends UploadOptions {
  /** The side that holds the credentials. */
  readonly controlPlane: ControlPlane;
  /** Default: `fetch`. */
  readonly transport?: Transport | undefined;
  /**
   * Where unfinished uploads are remembered, so that the same file to the same key is resumed after a reload:
   * see `createIndexedDbCheckpoints`. The coordinator needs lasting `tokenKeys` then. Another file of the
   * same name to the same key is refused with `source_changed`, unless `resume` is false. Default: nowhere,
   * and a failed upload is removed from OSS.
   */
  readonly checkpoints?: CheckpointStore | undefined;
  /**
   * Where the file lies, as `showOpenFilePicker` and `getAsFileSystemHandle` tell. It is kept beside the
   * checkpoint, for `resumeByHandle`. Default: the user has to choose the file again.
   */
  readonly handle?: FileSystemFileHandle | undefined;
}

/**
 * Uploads a File or Blob and returns at once; `result` tells how it ends. Throws a `TypeError` or
 * `RangeError` for a wrong option. The type of the File is not sent: say `contentType: file.type` to keep it.
 */
export function uploadFile(file: Blob, options: UploadFileOptions): Upload {
  assertOptions(options);
  const { controlPlane, transport = createFetchTransport(), checkpoints, handle, ...uploadOptions } = options;
  if (!(file instanceof Blob)) throw new TypeError('file must be a File or Blob');
  assertControlPlane(controlPlane);
  const openSource = (): Promise<ReturnType<typeof createBlobSource>> =>
    Promise.resolve(createBlobSource(file));
  const ports = { openSource, transport, controlPlane, clock: systemClock, random: systemRandom };
  const following = followFile(checkpoints, file, { key: options.key, handle });
  const upload = startUpload({ ...ports, checkpoints: following.checkpoints }, uploadOptions);
  following.attach(upload);
  return upload;
}
