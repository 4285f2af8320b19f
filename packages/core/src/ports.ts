/**
 * Read this file first. The engine awaits nothing but the ports below; whoever implements them decides where
 * bytes come from, how they travel, and what time it is. Every port states its law here; those with more than
 * one implementation have a conformance suite in `@partway/core/testing`. What the coordinator awaits of OSS
 * is in object-store-port.ts.
 *
 * Throughout: sizes and offsets are bytes; times are milliseconds; instants (`…At`) are milliseconds since
 * the epoch; a `crc64` is CRC-64/XZ as OSS prints it, an unsigned decimal without leading zeros; ETags come
 * without quotes.
 */

import type { CallbackReply } from './callback.ts';
import type { ObjectOptions } from './object-options.ts';

/** The time. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Resolves after `ms`, or rejects with `signal.reason` as soon as the signal is aborted. */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
}

/** Chance, for the jitter of retries. Nothing secret is drawn from it. */
export interface Random {
  /** A number in [0, 1). */
  next(): number;
}

/** The bytes to upload. */
export interface Source {
  /** Names the place the bytes come from, whatever they are now: for a file, its absolute path. */
  readonly identity: string;
  readonly size: number;
  /**
   * Names these very bytes as far as that is cheap (for a file: path, size, modification time, inode). Two
   * calls give the same text exactly when nothing about the source has changed; before Complete it is asked
   * for again.
   */
  fingerprint(): Promise<string>;
  /** The range of one part. Opens nothing yet: reading starts with `chunks`. */
  part(offset: number, size: number): PartBody;
  /** Lets go of what the source holds open. Called once, after the last read, whatever the outcome. */
  close(): Promise<void>;
}

/** The bytes of one part. It may be read any number of times, and every reading gives the same bytes. */
export interface PartBody {
  readonly size: number;
  /**
   * Reads the part from its start: exactly `size` bytes, or a rejection with an `UploadError`
   * (`source_changed`, `source_unreadable`) or with `signal.reason`. A chunk is valid only until the next one
   * is asked for.
   */
  chunks(signal: AbortSignal): AsyncIterable<Uint8Array>;
  /**
   * The CRC64 of what `chunks` last gave from start to end; where that has not happened since the part was
   * opened, the bytes are read for it.
   */
  crc64(signal: AbortSignal): Promise<string>;
}

/** Where parts of a stream are kept until OSS has confirmed them. */
export interface PartBuffers {
  /** Makes room for a part of at most so many bytes. */
  open(sizeMax: number): Promise<PartBuffer>;
}

export interface PartBuffer {
  /** Bytes appended so far. */
  readonly size: number;
  /** Takes a copy: the caller may use `bytes` again. */
  append(bytes: Uint8Array): Promise<void>;
  /** Reads what was appended, from its start. May be called any number of times. */
  chunks(): AsyncIterable<Uint8Array>;
  /** Nobody reads it any more. Called again it does nothing. */
  release(): Promise<void>;
}

/**
 * What survives a crash: one small text an upload. The schema is the engine's, and texts hold an upload
 * token, a bearer credential. `save` is atomic: after a crash there is the old text or the new one.
 */
export interface CheckpointStore {
  /** `undefined` when there is none. */
  load(id: string): Promise<string | undefined>;
  save(id: string, text: string): Promise<void>;
  remove(id: string): Promise<void>;
  list(): Promise<readonly string[]>;
  /** Moves a text that nobody can read out of the way of `load` and `list`, without destroying it. */
  setAside(id: string): Promise<void>;
  /**
   * Makes the caller the only one, in all processes that share the store, to work on this upload. Rejects
   * with code `upload_locked` while another holds it; what a dead process held is free.
   */
  lock(id: string): Promise<Lease>;
}

/** The right to work on one upload, until it is released. */
export interface Lease {
  release(): Promise<void>;
}

/**
 * Sends one part. Resolves for every HTTP status, as soon as the whole answer is there, also when OSS answers
 * before the body was sent. Rejects only when there is no answer: with an `UploadError` of code `network`,
 * with the body's own error, or with `signal.reason`. Follows no redirect, or where the platform always does,
 * takes nothing from there for an answer; adds no header OSS would sign (Content-Type, Content-MD5, x-oss-*);
 * and never retries.
 */
export interface Transport {
  /** Whether `onProgress` is called while bytes move. Without it a stall cannot be told from patience. */
  readonly reportsProgress: boolean;
  /** Whether headers of an answer may be hidden, as CORS does in a page. */
  readonly mayHideHeaders: boolean;
  /** Parts to one origin that can be in flight at once: further ones would wait for them. */
  readonly connectionsMax: number;
  put(request: PartRequest): Promise<PartResponse>;
}

export interface PartRequest {
  readonly url: string;
  /** To be sent verbatim. Where Content-Length is among them, it is the size of the body. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: PartBody;
  /**
   * Called with the bytes of this attempt handed to the network so far. Never falls, never exceeds the size.
   */
  readonly onProgress: (sentBytes: number) => void;
  /** Aborting closes the connection. */
  readonly signal: AbortSignal;
}

export interface PartResponse {
  readonly status: number;
  /** Names in lower case. In a browser only those that CORS exposes. */
  readonly headers: Readonly<Record<string, string>>;
  /** The text of the body, at most `ERROR_BODY_MAX` bytes of it. */
  readonly body: string;
}

export { ERROR_BODY_MAX } from './oss/limits.ts';

/**
 * What the engine asks of the side that holds the credentials: the coordinator itself, or the coordinator
 * over HTTP. Each verb rejects with an `UploadError`. Everything after `initiate` is said with the upload
 * token alone.
 */
export interface ControlPlane {
  initiate(request: InitiateRequest): Promise<InitiatedUpload>;
  /**
   * One presigned request for each part number asked for, in that order. Parts of a stream may be missing for
   * which no size was said: they lie beyond its limit.
   */
  presignParts(request: PresignPartsRequest): Promise<readonly PresignedPart[]>;
  /** The parts OSS holds, ascending. */
  listParts(request: ListPartsRequest): Promise<readonly ListedPart[]>;
  /** Proves every receipt against OSS's list of parts, completes, and proves the object. */
  complete(request: CompleteRequest): Promise<UploadedObject>;
  /** Repeats until OSS holds nothing of the upload. Resolves also when there was nothing left to abort. */
  abort(request: UploadRequest): Promise<void>;
}

export interface InitiateRequest {
  readonly key: string;
  /** `undefined`: nobody knows yet, and the parts grow. */
  readonly size: number | undefined;
  /** A wish; the coordinator decides. */
  readonly partSize: number | undefined;
  readonly object: ObjectOptions;
  /**
   * An earlier try of this very initiation, so many ms ago, got no answer: what it may have begun is removed.
   * `undefined` when there was none.
   */
  readonly previousAttemptAgeMs?: number | undefined;
  /** How many of the first parts to presign along with the answer. Default: 0. */
  readonly presignCount?: number | undefined;
  readonly signal: AbortSignal;
}

export interface InitiatedUpload {
  /** The sealed right to go on with this upload: a bearer credential. */
  readonly uploadToken: string;
  /** `single` is one PutObject; `multipart` an upload with an uploadId. */
  readonly kind: 'single' | 'multipart';
  readonly bucket: string;
  readonly key: string;
  /** `undefined` for `single`. */
  readonly uploadId: string | undefined;
  /** Every part but the last has this size; where the size is not known, the first part. */
  readonly partSize: number;
  /** The first parts, at most as many as were wanted. Default: none. */
  readonly presigned?: readonly PresignedPart[] | undefined;
}

export interface UploadRequest {
  readonly uploadToken: string;
  readonly signal: AbortSignal;
}

export interface ListPartsRequest extends UploadRequest {
  /** Only this part, if OSS holds it. Default: all. */
  readonly partNumber?: number | undefined;
}

export interface PresignPartsRequest extends UploadRequest {
  readonly partNumbers: readonly number[];
  /**
   * Of a stream, the bytes of each part: only its end knows how short the last one is. Default: what the plan
   * says, which always holds where the size was declared.
   */
  readonly sizes?: readonly number[] | undefined;
  /** OSS refused the last URL of these parts for its time or its credentials. */
  readonly afterRefusal: boolean;
}

/** A bearer credential: whoever holds the URL may send this part. */
export interface PresignedPart {
  readonly partNumber: number;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** A duration, because the clocks of the two sides may differ. */
  readonly expiresInMs: number;
}

export interface ListedPart {
  readonly partNumber: number;
  readonly size: number;
  readonly etag: string;
  /** `undefined` where OSS gave none: then the part is not proven. */
  readonly crc64: string | undefined;
  /** When OSS took it, by OSS's clock. `undefined` where nobody said. */
  readonly uploadedAt?: number | undefined;
}

/** What one uploaded part proves: these bytes were sent, and OSS answered with the same CRC64. */
export interface Receipt {
  readonly partNumber: number;
  readonly size: number;
  readonly crc64: string;
}

export interface CompleteRequest extends UploadRequest {
  /** One for every part, ascending. */
  readonly receipts: readonly Receipt[];
}

export interface UploadedObject {
  readonly bucket: string;
  readonly key: string;
  readonly size: number;
  readonly crc64: string;
  readonly etag: string;
  /** Where the bucket has versioning. */
  readonly versionId?: string;
  /** OSS's `x-oss-request-id` of the request that completed the object, or that found it complete. */
  readonly requestId: string;
  /** True when the answer to Complete was lost and the object was found, and proven, afterwards. */
  readonly recovered?: boolean;
  /** What the application server answered, where a callback was asked for and its answer was heard. */
  readonly callback?: CallbackReply;
}

export type { ObjectOptions, StorageClass } from './object-options.ts';
