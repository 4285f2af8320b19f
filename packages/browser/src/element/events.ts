import type { Upload, UploadError, UploadedObject } from '@partway/core';

/** All files of an element together. Those that have failed count as files alone. */
export interface UploadTally {
  readonly files: number;
  readonly completed: number;
  readonly failed: number;
  /** Bytes, without those of files that have failed. */
  readonly size: number;
  readonly sentBytes: number;
  /** Of all files that are being sent; `undefined` before it is known of one. */
  readonly bytesPerSecond: number | undefined;
}

/** What the element tells, as the `detail` of a CustomEvent that bubbles. Never a URL or a token. */
export interface PartwayUploadEvents {
  /** An upload has begun: of a file that was added, tried again, or gone on with. */
  'partway-started': CustomEvent<{ readonly file: File; readonly upload: Upload }>;
  /** A file is an object now. */
  'partway-completed': CustomEvent<{ readonly file: File; readonly object: UploadedObject }>;
  /** An upload has failed, and may be tried again by its user. */
  'partway-failed': CustomEvent<{ readonly file: File; readonly error: UploadError }>;
  /** Anything that is shown has changed. At most once a frame. */
  'partway-changed': CustomEvent<UploadTally>;
}

declare global {
  interface HTMLElementEventMap extends PartwayUploadEvents {}
}
