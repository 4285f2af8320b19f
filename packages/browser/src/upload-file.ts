import {
  type ControlPlane,
  createHttpControlPlane,
  type HttpControlPlaneOptions,
  type Upload,
  type UploadOptions,
} from '@partway/core';
import { assertControlPlane, assertOptions } from '@partway/core/internal';
import {
  type CheckpointStore,
  startBrowserUpload,
  systemClock,
  systemRandom,
  type Transport,
  type UploadPorts,
} from '@partway/core/ports';
import { openBlobSource } from './blob-source.ts';
import { followFile } from './resume/follow-file.ts';
import { createPageTransport } from './transports/page-transport.ts';

/** Either `endpoint` or `controlPlane` names the side that holds the credentials. */
export interface UploadFileOptions
  extends Omit<UploadOptions, 'key'>,
    Pick<HttpControlPlaneOptions, 'headers' | 'credentials'> {
  /**
   * Where the handler of the coordinator is mounted: `/uploads`, or `https://example.com/uploads`. `headers`
   * and `credentials` go with its requests, and with no others.
   */
  readonly endpoint?: string | URL | undefined;
  /** Any other way to the coordinator. */
  readonly controlPlane?: ControlPlane | undefined;
  /** The object's key, 1 to 1023 bytes of UTF-8. Default: the name of the File. */
  readonly key?: string | undefined;
  /** Default: the type of the File, where it has one. */
  readonly contentType?: string | undefined;
  /** Default: XMLHttpRequest, and `fetch` where there is none, as in a service worker. */
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
   * checkpoint, for `resumeUploadByHandle`. Default: the user has to choose the file again.
   */
  readonly handle?: FileSystemFileHandle | undefined;
}

/**
 * Uploads a File or Blob and returns at once; `result` tells how it ends. Throws a `TypeError` or
 * `RangeError` for a wrong option; what the key and the object shall be is the coordinator's to check, which
 * rejects with `refused`.
 *
 * @example
 * ```ts
 * import { uploadFile } from '@partway/browser';
 *
 * const input = document.querySelector<HTMLInputElement>('input[type=file]');
 * const file = input?.files?.[0];
 * if (file !== undefined) {
 *   const upload = uploadFile(file, { endpoint: '/uploads', headers: { authorization: 'Bearer wei' } });
 *   upload.subscribe(() => console.log(upload.snapshot().sentBytes));
 *   const { key, crc64 } = await upload.result;
 *   console.log(`${key}: CRC64 ${crc64}`);
 * }
 * ```
 */
export function uploadFile(file: Blob, options: UploadFileOptions): Upload {
  const { attach, ...upload } = fileUpload(file, options);
  const started = startBrowserUpload(upload.ports, upload.options);
  attach(started);
  return started;
}

/** What the engine needs to upload a file, and what is to be told of the upload. */
export interface FileUpload {
  readonly ports: UploadPorts;
  readonly options: UploadOptions;
  attach(upload: Upload): void;
}

export function fileUpload(file: Blob, options: UploadFileOptions): FileUpload {
  assertOptions(options);
  if (!(file instanceof Blob)) throw new TypeError('file must be a File or Blob');
  const {
    endpoint,
    controlPlane,
    headers,
    credentials,
    transport = createPageTransport(),
    key = nameOf(file),
    contentType = file.type === '' ? undefined : file.type,
    checkpoints,
    handle,
    ...uploadOptions
  } = options;
  const following = followFile(checkpoints, file, { key, handle });
  const ports = {
    openSource: () => openBlobSource(file),
    transport,
    controlPlane: controlPlaneOf({ endpoint, controlPlane, headers, credentials }),
    checkpoints: following.checkpoints,
    // Where nobody says, as outside of browsers, there is a network.
    isOnline: () => navigator.onLine !== false,
    clock: systemClock,
    random: systemRandom,
  };
  return { ports, options: { ...uploadOptions, key, contentType }, attach: following.attach };
}

function nameOf(file: Blob): string {
  if (file instanceof File) return file.name;
  throw new TypeError('key must be given: a Blob has no name');
}

function controlPlaneOf({
  endpoint,
  controlPlane,
  ...http
}: Pick<UploadFileOptions, 'endpoint' | 'controlPlane' | 'headers' | 'credentials'>): ControlPlane {
  if (endpoint !== undefined && controlPlane !== undefined)
    throw new TypeError('endpoint and controlPlane exclude each other');
  if (endpoint !== undefined) return controlPlaneAt(endpoint, http);
  if (controlPlane === undefined) throw new TypeError('endpoint must be given, or controlPlane');
  assertControlPlane(controlPlane);
  const stray = Object.entries(http).find(([, value]) => value !== undefined)?.[0];
  if (stray !== undefined) throw new TypeError(`${stray} must go with endpoint: a controlPlane has its own`);
  return controlPlane;
}

function controlPlaneAt(endpoint: string | URL, http: HttpControlPlaneOptions): ControlPlane {
  try {
    return createHttpControlPlane(endpoint, http);
  } catch (cause) {
    throw new TypeError('endpoint must be http, https, or a path beginning with /', { cause });
  }
}
