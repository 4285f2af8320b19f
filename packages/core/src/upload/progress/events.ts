import type { UploadError } from '../../errors.ts';
import type { UploadedObject } from '../../ports.ts';

/** One fact about an upload, told in the order in which it happened. `at` is milliseconds since the epoch. */
export type UploadEvent = { readonly at: number } & UploadFact;

export type UploadFact =
  /** The upload exists and its plan is made. */
  | {
      readonly type: 'opened';
      readonly bucket: string;
      readonly key: string;
      readonly uploadId: string | undefined;
      /** `undefined` for a stream, as is `partCount`. */
      readonly size: number | undefined;
      /** Of a stream, the first part's. */
      readonly partSize: number;
      readonly partCount: number | undefined;
    }
  /**
   * A try of a part begins, the first one or another. It ends with `part-confirmed`, with `retrying`, or
   * with the walk: `paused`, `failed`, or `opened` anew. A part that OSS is found to hold needs none.
   */
  | { readonly type: 'part-attempt'; readonly partNumber: number; readonly attempt: number }
  /** Bytes of one attempt went to the network. They may have to be sent again: see `part-confirmed`. */
  | { readonly type: 'part-progress'; readonly partNumber: number; readonly sentBytes: number }
  /** OSS holds the part. */
  | {
      readonly type: 'part-confirmed';
      readonly partNumber: number;
      readonly size: number;
      readonly crc64: string;
    }
  /** A try failed and another follows after `delayMs`, or when the upload is `online` again. */
  | { readonly type: 'retrying'; readonly error: UploadError; readonly delayMs: number }
  /**
   * OSS sends these headers, and the page may not read them: the CORS rules of the bucket do not expose them.
   * Told once. The upload is proven all the same, but damage to a part shows only before Complete, and errors
   * of parts lack OSS's request id.
   */
  | { readonly type: 'headers-hidden'; readonly names: readonly string[] }
  /** A checkpoint that could not be read was moved out of the way. */
  | { readonly type: 'checkpoint-set-aside'; readonly id: string }
  /** The machine has no network: the requests that failed wait for it. */
  | { readonly type: 'offline' }
  /** Nobody waits any more: the machine has a network again, or is asked whether it really has none. */
  | { readonly type: 'online' }
  | { readonly type: 'paused' }
  | { readonly type: 'resumed' }
  | { readonly type: 'completing' }
  | { readonly type: 'completed'; readonly object: UploadedObject }
  | { readonly type: 'failed'; readonly error: UploadError }
  /** Something of the upload may be left: parts in OSS, which it bills, or a checkpoint or its lock. */
  | { readonly type: 'cleanup-failed'; readonly error: UploadError };
