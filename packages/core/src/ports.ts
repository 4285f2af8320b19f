/**
 * Read this file first. The engine awaits only ports: these, and the control plane (control-plane-port.ts).
 * The implementer of a port decides where bytes come from, how they are sent, and what time it is. Each port
 * states its contract here; a port with more than one implementation has a conformance suite in
 * `@partway/core/testing`. The coordinator's port to OSS is in object-store-port.ts.
 *
 * Everywhere: sizes and offsets are bytes; times are milliseconds; instants (`…At`) are milliseconds since
 * the epoch; a `crc64` is CRC-64/XZ as OSS prints it, an unsigned decimal without leading zeros; ETags have
 * no quotes.
 */

export type * from './control-plane-port.ts';
export type { ObjectOptions, StorageClass } from './object-options.ts';
export { ERROR_BODY_MAX } from './oss/limits.ts';

/** The time. */
export interface Clock {
  /** The current time in milliseconds since the epoch. */
  now(): number;
  /** Resolves after `ms` milliseconds. Rejects with `signal.reason` as soon as the signal is aborted. */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
}

/** Random numbers for the jitter of retries. Never used for secrets. */
export interface Random {
  /** A number in [0, 1). */
  next(): number;
}

/** The bytes to upload. */
export interface Source {
  /** Names the place of the bytes, whatever its current content: the absolute path of a file. */
  readonly identity: string;
  /** Bytes in all. */
  readonly size: number;
  /**
   * Identifies the current content as far as that is cheap (of a file: path, size, modification time, inode).
   * Two calls return the same text exactly when the source has not changed between them. Called when the
   * upload starts and again before Complete.
   */
  fingerprint(): Promise<string>;
  /** The byte range of one part. Opens nothing: reading starts with `chunks`. */
  part(offset: number, size: number): PartBody;
  /** Releases open resources. Called once, after the last read, also after a failure. */
  close(): Promise<void>;
}

/** The bytes of one part. It can be read any number of times, and each time gives the same bytes. */
export interface PartBody {
  /** Bytes of the part. */
  readonly size: number;
  /**
   * Reads the part from its start: exactly `size` bytes, or a rejection with an `UploadError`
   * (`source_changed`, `source_unreadable`) or with `signal.reason`. A chunk is valid only until the next one
   * is requested.
   */
  chunks(signal: AbortSignal): AsyncIterable<Uint8Array>;
  /**
   * The CRC64 of the last complete pass of `chunks`. Without a complete pass, the bytes are read to compute
   * it.
   */
  crc64(signal: AbortSignal): Promise<string>;
}

/** Stores the parts of a stream until OSS has confirmed them. */
export interface PartBuffers {
  /** Reserves room for a part of at most `sizeMax` bytes. */
  open(sizeMax: number): Promise<PartBuffer>;
}

/** The stored bytes of one part of a stream. */
export interface PartBuffer {
  /** Bytes appended so far. */
  readonly size: number;
  /** Stores a copy: the caller may reuse `bytes`. */
  append(bytes: Uint8Array): Promise<void>;
  /** Reads the stored bytes from their start. Can be called any number of times. */
  chunks(): AsyncIterable<Uint8Array>;
  /** Frees the room; nothing reads the part afterwards. Further calls do nothing. */
  release(): Promise<void>;
}

/**
 * Survives a crash: one small text per upload. The engine owns the schema. A text holds an upload token,
 * which is a bearer credential.
 */
export interface CheckpointStore {
  /** The text, or `undefined` when there is none. */
  load(id: string): Promise<string | undefined>;
  /** Atomic: after a crash the store has either the old text or the new one. */
  save(id: string, text: string): Promise<void>;
  /** Resolves also when there is no such text. */
  remove(id: string): Promise<void>;
  /** The IDs of all texts. */
  list(): Promise<readonly string[]>;
  /** Hides an unreadable text from `load` and `list`, without destroying it. */
  setAside(id: string): Promise<void>;
  /**
   * Makes the caller the only one, in all processes that share the store, to work on this upload. Rejects
   * with code `upload_locked` while another caller has the lease. The lease of a dead process is free.
   */
  lock(id: string): Promise<Lease>;
}

/** The exclusive right to work on one upload, until it is released. */
export interface Lease {
  /** Frees the upload for other callers. */
  release(): Promise<void>;
}

/**
 * Sends one part. Resolves for every HTTP status, as soon as the whole response has arrived, also when OSS
 * responds before the body was sent. Rejects only without a response: with an `UploadError` of code
 * `network`, with the body's own error, or with `signal.reason`. Does not follow redirects; where the
 * platform always does, the response of the other server does not count. Adds no header that OSS would sign
 * (Content-Type, Content-MD5, x-oss-*). Never retries.
 */
export interface Transport {
  /** Whether `onProgress` is called while bytes move. Without it only a timeout can detect a stall. */
  readonly reportsProgress: boolean;
  /** Whether headers of a response may be hidden, as CORS does in a page. */
  readonly mayHideHeaders: boolean;
  /** Parts to one origin that can be in flight at once: further ones would wait for a connection. */
  readonly connectionsMax: number;
  /** Sends the part once. */
  put(request: PartRequest): Promise<PartResponse>;
}

/** One PUT of one part. */
export interface PartRequest {
  /** The presigned URL: a bearer credential. */
  readonly url: string;
  /** To be sent verbatim. A Content-Length among them is the size of the body. */
  readonly headers: Readonly<Record<string, string>>;
  /** The bytes to send. */
  readonly body: PartBody;
  /**
   * Called with the bytes of this attempt handed to the network so far. Never falls, never exceeds the size.
   */
  readonly onProgress: (sentBytes: number) => void;
  /** Aborting it closes the connection. */
  readonly signal: AbortSignal;
}

/** OSS's response to the PUT of a part. */
export interface PartResponse {
  /** The HTTP status. */
  readonly status: number;
  /** Names in lower case. In a browser only those that CORS exposes. */
  readonly headers: Readonly<Record<string, string>>;
  /** The text of the body, at most `ERROR_BODY_MAX` bytes of it. */
  readonly body: string;
}
