import type { Callback } from '../callback.ts';
import { UploadError, type UploadErrorCode } from '../errors.ts';
import type { ObjectStore, PresignedRequest } from '../object-store-port.ts';
import { claim, rejectionOf } from './conformance.ts';

/** Something that goes wrong with one request. `lost answer`: the work is done and the connection closed. */
export type StoreMishap =
  | 'error in 200'
  | 'callback failed'
  | 'cut answer'
  | 'lost answer'
  | 'throttled'
  | 'silence';

export interface ObjectStoreStage {
  /** Over a bucket that holds nothing. */
  readonly store: ObjectStore;
  /** To an application server that answers `{"told":"<key>"}`, and with 500 for the key `refused`. */
  readonly callback: Callback;
  /** Sends a presigned request as anyone could. */
  send(request: PresignedRequest, body: Uint8Array): Promise<SentAnswer>;
  /** Lets it happen to the next request of this operation of OSS. */
  next(operation: 'CompleteMultipartUpload' | 'ListParts', mishap: StoreMishap): void;
  close(): Promise<void>;
}

export interface SentAnswer {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
}

export type ObjectStoreCheck = readonly [name: string, check: (stage: ObjectStoreStage) => Promise<void>];

/** The least size of every part but the last. */
export const PART_SIZE: number = 100 * 1024;
/** Not of one repeated byte, so that a part out of place is noticed. */
export const FIRST: Uint8Array = Uint8Array.from({ length: PART_SIZE }, (_, index) => index % 251);
export const LAST: Uint8Array = Uint8Array.from([1, 2, 3, 4, 5]);

/** Rejects, with an `UploadError` of this code. */
export async function refusalOf(promise: Promise<unknown>, code: UploadErrorCode): Promise<UploadError> {
  const reason = await rejectionOf(promise);
  claim(reason instanceof UploadError, `it rejects with an UploadError, not ${String(reason)}`);
  claim(reason.code === code, `the code is ${code}, not ${reason.message}`);
  return reason;
}

/** Uploads one part and gives its ETag. */
export async function putPart(
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
  claim(status === 200, `OSS takes the presigned part ${partNumber}, it answered ${status}`);
  const etag: string | undefined = headers.etag;
  claim(etag !== undefined, 'OSS answers a part with its ETag');
  return etag.replaceAll('"', '');
}

/** Puts an object in one request. */
export async function putObject(stage: ObjectStoreStage, key: string, bytes: Uint8Array): Promise<void> {
  const { status } = await stage.send(await stage.store.presign({ method: 'PUT', key }), bytes);
  claim(status === 200, `OSS takes the presigned object, it answered ${status}`);
}
