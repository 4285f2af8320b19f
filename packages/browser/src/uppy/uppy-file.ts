/** What of a file of Uppy the bridge looks at. Uppy 5 and 6 both give it more. */
export interface UppyFile {
  readonly id: string;
  readonly name?: string | undefined;
  /** A media type, or nothing. */
  readonly type?: string | undefined;
  /** A Blob, but for files that Companion fetches from elsewhere. */
  readonly data?: unknown;
  /** What Uppy remembers of an upload to be gone on with. */
  readonly s3Multipart?: unknown;
}

/** Throws a `TypeError` for a file that is not in this page. */
export function blobOf({ data }: UppyFile): Blob {
  if (data instanceof Blob) return data;
  throw new TypeError('file.data must be a File or Blob: remote files are uploaded by Companion');
}
