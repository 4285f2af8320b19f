/** What a page says to the worker that takes CRC64s. */
export type Crc64Request =
  /** A Blob is posted as a reference: its bytes are not copied. */
  | { readonly id: number; readonly blob: Blob }
  /** Nobody waits for it any more. */
  | { readonly id: number; readonly blob: undefined };

/** What the worker says to the page. */
export type Crc64Reply =
  | { readonly type: 'ready' }
  | { readonly type: 'taken'; readonly id: number; readonly crc64: string }
  /** What the browser said when the Blob could not be read. */
  | { readonly type: 'unreadable'; readonly id: number; readonly name: string; readonly message: string };
