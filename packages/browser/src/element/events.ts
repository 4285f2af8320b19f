import type { Upload, UploadError, UploadedObject } from '@partway/core';

/** The totals of all files of an element. */
export interface UploadTotals {
  /** The number of files in the list. */
  readonly files: number;
  /** The number of files that are stored. */
  readonly completed: number;
  /** The number of files that failed. */
  readonly failed: number;
  /** The size in bytes of all files that have not failed. */
  readonly size: number;
  /** The sent bytes of all files that have not failed. */
  readonly sentBytes: number;
  /** The speed of all files in phase `sending`; `undefined` until one has a speed. */
  readonly bytesPerSecond: number | undefined;
}

/** The events of the element: bubbling CustomEvents. Their `detail` contains no URL and no token. */
export interface PartwayUploadEvents {
  /** An upload has started: of an added, retried or resumed file. */
  'partway-started': CustomEvent<{
    /** The file of the row. */
    readonly file: File;
    /** The handle of the upload. */
    readonly upload: Upload;
  }>;
  /** A file is stored. */
  'partway-completed': CustomEvent<{
    /** The file of the row. */
    readonly file: File;
    /** The verified object. */
    readonly object: UploadedObject;
  }>;
  /** An upload has failed. The user may retry it. */
  'partway-failed': CustomEvent<{
    /** The file of the row. */
    readonly file: File;
    /** The reason. */
    readonly error: UploadError;
  }>;
  /** Any visible state has changed. At most once per frame. */
  'partway-changed': CustomEvent<UploadTotals>;
}

declare global {
  interface HTMLElementEventMap extends PartwayUploadEvents {}
}
