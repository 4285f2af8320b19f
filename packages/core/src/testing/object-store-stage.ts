import type { Callback } from '../callback.ts';
import { UploadError, type UploadErrorCode } from '../errors.ts';
import type { ObjectStore, PresignedRequest } from '../object-store-port.ts';
import { expectTrue, getRejection } from './conformance.ts';

/** A fault of one request. `lost response`: OSS executes the request and closes the connection. */
export type StoreFault =
  | 'error in 200'
  | 'callback failed'
  | 'truncated response'
  | 'lost response'
  | 'throttled'
  | 'no response';

/** A store and its OSS, for one case of the conformance suite. */
export interface ObjectStoreStage {
  /** A store over an empty bucket. */
  readonly store: ObjectStore;
  /** A callback to a server that replies `{"key":"<key>"}`, and with status 500 for the key `refused`. */
  readonly callback: Callback;
  /** Sends a presigned request without credentials. */
  send(request: PresignedRequest, body: Uint8Array): Promise<SentResponse>;
  /** Injects the fault into the next request of this operation of OSS. */
  failNext(operation: 'CompleteMultipartUpload' | 'ListParts', fault: StoreFault): void;
  /** Releases everything. */
  close(): Promise<void>;
}

/** The response to a presigned request. */
export interface SentResponse {
  /** The HTTP status. */
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
}

export type ObjectStoreCheck = readonly [name: string, check: (stage: ObjectStoreStage) => Promise<void>];

/** The minimum size of every part but the last. */
export const PART_SIZE: number = 100 * 1024;
/** Different bytes, so that a part in the wrong place is detected. */
export const FIRST: Uint8Array = Uint8Array.from({ length: PART_SIZE }, (_, index) => index % 251);
export const LAST: Uint8Array = Uint8Array.from([1, 2, 3, 4, 5]);

/** Returns the `UploadError` of a promise that must reject with this code. */
export async function expectUploadError(
  promise: Promise<unknown>,
  code: UploadErrorCode,
): Promise<UploadError> {
  const reason = await getRejection(promise);
  expectTrue(reason instanceof UploadError, `the promise rejects with an UploadError, not ${String(reason)}`);
  expectTrue(reason.code === code, `the code is ${code}, not ${reason.message}`);
  return reason;
}

/** Uploads one part and returns its ETag. */
export async function storePart(
  { store, send }: ObjectStoreStage,
  upload: { readonly key: string; readonly uploadId: string },
  partNumber: number,
  bytes: Uint8Array,
): Promise<string> {
  const { key, uploadId } = upload;
  const { status, headers } = await send(
    await store.presign({ method: 'PUT', key, query: { partNumber, uploadId } }),
    bytes,
  );
  expectTrue(status === 200, `OSS accepts the presigned part ${partNumber}, not ${status}`);
  const etag: string | undefined = headers.etag;
  expectTrue(etag !== undefined, 'the response to a part has its ETag');
  return etag.replaceAll('"', '');
}

/** Uploads an object in one request. */
export async function putObject(stage: ObjectStoreStage, key: string, bytes: Uint8Array): Promise<void> {
  const { status } = await stage.send(await stage.store.presign({ method: 'PUT', key }), bytes);
  expectTrue(status === 200, `OSS accepts the presigned object, not ${status}`);
}
